/*
 * command.h
 *	  A command of the user's that takes a change on its standard input.
 */
#ifndef NEWTERM_COMMAND_H
#define NEWTERM_COMMAND_H

#include <stdbool.h>

#include "buffer.h"

/*
 * Run the command by the shell with the text on its input, for at most `timeout` seconds.
 * `variables` are "NAME=value" each, for its environment, with NULL behind them.  Returns
 * true if it ends with status 0; else *error says how it ended.
 */
extern bool command_run(const char *command, const Buffer *input, char **variables, double timeout,
						Buffer *error);

#endif /* NEWTERM_COMMAND_H */
