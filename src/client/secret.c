/*
 * secret.c
 *	  URLs and keys, and where they come from.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "buffer.h"
#include "log.h"
#include "mask.h"
#include "secret.h"

/* Hide a URL, and its path alone too, as servers repeat that in their answers. */
static void
hide_url(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host == NULL ? NULL : strchr(host + 3, '/');
	const char *at = host == NULL ? NULL : strchr(host + 3, '@');

	mask_add(url);
	if (path != NULL)
		mask_add(path);
	if (at != NULL && (path == NULL || at < path))
	{
		char *user = must_copy(host + 3);

		user[at - host - 3] = '\0';
		mask_add(user);
		free(user);
	}
}

char *
secret_read_file(const char *what, const char *path)
{
	Buffer      text = {0};
	char        part[4096];
	size_t      got;
	struct stat status;
	FILE       *file = fopen(path, "r");

	if (file == NULL)
		log_fatal("could not open the file \"%s\" of the %s: %s", path, what, strerror(errno));
	if (fstat(fileno(file), &status) == 0 && S_ISREG(status.st_mode) && (status.st_mode & S_IROTH))
		log_warning("everybody may read the file \"%s\" of the %s", path, what);
	while ((got = fread(part, 1, sizeof(part), file)) > 0)
		buffer_append_bytes(&text, part, got);
	if (ferror(file))
		log_fatal("could not read the file \"%s\" of the %s: %s", path, what, strerror(errno));
	fclose(file);
	return text.data == NULL ? must_copy("") : text.data;
}

/* Trim the end, and refuse an empty secret or one of several lines. */
static char *
check_secret(const char *what, char *text)
{
	size_t length = strlen(text);

	while (length > 0 && strchr(" \t\r\n", text[length - 1]) != NULL)
		text[--length] = '\0';
	if (length == 0)
		log_fatal("the %s is empty", what);
	if (strpbrk(text, "\r\n") != NULL)
		log_fatal("the %s has several lines", what);
	return text;
}

static char *
read_environment(const char *what, const char *name)
{
	const char *value = getenv(name);

	if (value == NULL)
		log_fatal("the environment variable %s with the %s is not set", name, what);
	return check_secret(what, must_copy(value));
}

/* Read the secret of a reference; NULL if it is no reference. */
static char *
follow(const char *what, const char *reference, const char *environment)
{
	if (reference == NULL || *reference == '\0')
		return read_environment(what, environment);
	if (*reference == '@')
		return check_secret(what, secret_read_file(what, reference + 1));
	if (strncmp(reference, "env:", 4) == 0)
		return read_environment(what, reference + 4);
	return NULL;
}

static void
refuse_literal(const char *what, const char *environment)
{
	log_fatal("the %s must not stand on the command line, where everybody on this machine can read it\n"
			  "Write it into a file and give @FILE, or into an environment variable and give env:NAME (without either: %s).",
			  what, environment);
}

char *
secret_read(const char *what, const char *reference, const char *environment)
{
	char *secret = follow(what, reference, environment);

	if (secret == NULL)
		refuse_literal(what, environment);
	mask_add(secret);
	return secret;
}

/* Does the URL lead to this machine itself?  Behind the host only a port may come. */
static bool
is_local(const char *url)
{
	static const char *const hosts[] = {"http://127.0.0.1", "http://localhost", "http://[::1]"};

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
	{
		const char *behind = url + strlen(hosts[i]);

		if (strncmp(url, hosts[i], strlen(hosts[i])) != 0)
			continue;
		if (*behind == ':')
			behind += 1 + strspn(behind + 1, "0123456789");
		return *behind == '/' || *behind == '?' || *behind == '\0';
	}
	return false;
}

char *
secret_read_url(const char *what, const char *reference, const char *environment)
{
	char *url;

	if (reference != NULL && is_local(reference))
		return must_copy(reference);
	url = follow(what, reference, environment);
	if (url == NULL)
		refuse_literal(what, environment);
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		log_fatal("the %s does not begin with https:// or http://", what);
	hide_url(url);
	return url;
}
