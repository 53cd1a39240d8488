/*
 * command.c
 *	  A command of the user's that takes a change on its standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bucket.h"
#include "command.h"
#include "stop.h"

/* How often is looked whether the command has ended, once its input is written. */
#define LOOK_SECONDS 0.01

/* In the child: become the command. */
static void
become(const char *command, int input, char **variables)
{
	/* a group of its own, which can be ended as a whole */
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	dup2(input, STDIN_FILENO);
	for (; *variables != NULL; variables++)
		putenv(*variables);
	execl("/bin/sh", "sh", "-c", command, (char *) NULL);
	_exit(127);
}

/* Start the command.  Returns its process; *input is its standard input. */
static pid_t
start(const char *command, int *input, char **variables, Buffer *error)
{
	int   ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) != 0)
	{
		buffer_printf(error, "no pipe: %s", strerror(errno));
		return -1;
	}
	child = fork();
	if (child == 0)
		become(command, ends[0], variables);
	close(ends[0]);
	if (child < 0)
	{
		buffer_printf(error, "no process: %s", strerror(errno));
		close(ends[1]);
		return -1;
	}
	fcntl(ends[1], F_SETFL, O_NONBLOCK);
	*input = ends[1];
	return child;
}

/* Write the text to the command, which need not read it. */
static void
feed(int input, const Buffer *text, double until)
{
	size_t written = 0;

	while (written < text->length && !stop_at_once())
	{
		ssize_t       count = write(input, text->data + written, text->length - written);
		struct pollfd file = {.fd = input, .events = POLLOUT};

		if (count > 0)
			written += count;
		else if (count < 0 && errno != EAGAIN && errno != EINTR)
			break;
		else if (clock_seconds() >= until)
			break;
		else
			stop_poll(&file, 1, until - clock_seconds(), true);
	}
	close(input);
}

bool
command_run(const char *command, const Buffer *input, char **variables, double timeout,
			Buffer *error)
{
	double until = clock_seconds() + timeout;
	int    pipe_end;
	int    status = 0;
	bool   late = false;
	pid_t  child = start(command, &pipe_end, variables, error);
	pid_t  ended;

	if (child < 0)
		return false;
	feed(pipe_end, input, until);
	while ((ended = waitpid(child, &status, late ? 0 : WNOHANG)) != child)
	{
		if (ended < 0 && errno != EINTR)
		{
			buffer_printf(error, "the command is lost: %s", strerror(errno));
			return false;
		}
		late = clock_seconds() >= until || stop_at_once();
		if (late)
			kill(-child, SIGKILL);
		else
			stop_poll(NULL, 0, LOOK_SECONDS, true);
	}
	if (late)
		buffer_printf(error, "the command took longer than %g seconds", timeout);
	else if (WIFSIGNALED(status))
		buffer_printf(error, "the command died of signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		buffer_printf(error, "the command ended with status %d", WEXITSTATUS(status));
	return error->length == 0;
}
