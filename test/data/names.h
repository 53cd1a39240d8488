/*
 * names.h
 *	  What the invented company calls its people and its things.
 */
#ifndef NAMES_H
#define NAMES_H

#define LENGTH(array) ((int) (sizeof(array) / sizeof((array)[0])))

static const char *const products[] = {"orders",    "billing",  "search",   "payments", "warehouse",
									   "catalog",   "shipping", "identity", "pricing",  "reviews",
									   "analytics", "mailer",   "frontend", "returns",  "loyalty",
									   "archive",   "imports",  "reports"};

static const char *const jobs[] = {"api",    "worker", "batch",   "loader",  "scheduler",
								   "export", "sync",   "cleanup", "gateway", "indexer"};

static const char *const first_names[] = {"amira", "bruno", "carla", "dmitri", "elena", "farid",
										  "greta", "hugo",  "ines",  "jonas",  "katja", "leon",
										  "mira",  "nils",  "olga",  "pavel",  "rosa",  "sven",
										  "tara",  "uwe",   "vera",  "wim",    "yara",  "zoe"};

static const char *const last_names[] = {"adler",   "brandt", "costa",  "dahl",    "engel",
										 "fischer", "garcia", "hansen", "ivanova", "jensen",
										 "keller",  "lang",   "moreau", "novak",   "olsen",
										 "petrov",  "rossi",  "silva",  "toth",    "weber"};

#endif /* NAMES_H */
