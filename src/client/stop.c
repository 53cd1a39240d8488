/*
 * stop.c
 *	  SIGTERM and SIGINT: the first asks the program to end in order, the second at once.
 */
#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "stop.h"

static volatile sig_atomic_t signals = 0;
static volatile sig_atomic_t immediately = 0;

static void
note_signal(int number)
{
	(void) number;
	if (immediately)
		_exit(0);
	signals++;
}

/* Signals that are let through by stop_poll() alone, so that none comes just before it. */
static void
change_mask(int how, sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(how, &set, before);
}

void
stop_start(void)
{
	struct sigaction action = {0};

	action.sa_handler = note_signal;
	sigemptyset(&action.sa_mask);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

bool
stop_requested(void)
{
	return signals > 0;
}

bool
stop_at_once(void)
{
	return signals > 1;
}

int
stop_poll(struct pollfd *files, int count, double seconds, bool in_order)
{
	struct timespec time;
	sigset_t        before;
	int             result = 0;

	if (seconds < 0)
		seconds = 0;
	time.tv_sec = (time_t) seconds;
	time.tv_nsec = (long) ((seconds - (double) time.tv_sec) * 1e9);
	change_mask(SIG_BLOCK, &before);
	if (signals <= (in_order ? 1 : 0))
		result = ppoll(files, count, &time, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return result < 0 && errno == EINTR ? 0 : result;
}

void
stop_immediately(bool on)
{
	immediately = on;
	if (on && signals > 0)
		_exit(0);
}
