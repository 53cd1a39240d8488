# Building and installing newterm (PGXS), and the entrances to its tests.
#
#   make && make install     for those who have a server; PG_CONFIG=… picks it
#   make demo                a tour on a throw-away server; LOGS='files or folders'
#   make check               all tests; TESTS='sql/filter specs/foo t/001_x.pl'
#   make format              the C files as clang-format writes them
#   make bench               what detection costs; SCENARIO=copy
#   make stress, make fuzz   the long-running searches for faults
#
# demo, check, bench, stress and fuzz need nothing installed beforehand: their
# scripts install what is missing and then come back here.

# The scripts find the server by themselves where PG_CONFIG is not given.
export PG_CONFIG
export TESTS
export SCENARIO
export LOGS

PG_CONFIG_FOUND := $(or $(PG_CONFIG),pg_config)
PGXS := $(wildcard $(shell $(PG_CONFIG_FOUND) --pgxs 2>/dev/null))

SCRIPTED = demo check format bench stress fuzz

EXTENSION = newterm
# The one place where the version is written is the control file.
NEWTERM_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" newterm.control)

# The install script is these files, in this order.
SQL_SOURCES = sql/install.sql $(sort $(wildcard sql/tables/*.sql)) $(sort $(wildcard sql/functions/*.sql)) \
	sql/views.sql sql/triggers.sql sql/packs.sql sql/dump.sql
SQL_BUILT = sql/newterm--$(NEWTERM_VERSION).sql
# Rule packs, as statements that fill newterm.packs.
PACKS = $(sort $(wildcard sql/packs/*.json))
# From one version to the next.
SQL_UPGRADES = $(wildcard sql/updates/newterm--*--*.sql)

DATA = $(SQL_UPGRADES)
DATA_built = $(SQL_BUILT)

# Grammars and scanners; bison and flex make the C files.
PARSERS = $(patsubst %.y,%.c,$(wildcard src/*.y src/*/*.y))
SCANNERS = $(patsubst %.l,%.c,$(wildcard src/*.l src/*/*.l))
GENERATED = $(PARSERS) $(SCANNERS)
PARSER_HEADERS = $(PARSERS:.c=.h)
WRITTEN = $(filter-out $(GENERATED) src/client/%,$(wildcard src/*.c src/*/*.c))

MODULE_big = newterm
OBJS = $(sort $(patsubst %.c,%.o,$(WRITTEN) $(GENERATED)))

# Headers of PostgreSQL itself do not pass the last three.  Debian keeps the frame pointer,
# which costs detection 3 % (docs/experiments.md).
PG_CPPFLAGS = -I$(CURDIR)/src
PG_CFLAGS = -Wall -Wextra -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers \
	-fomit-frame-pointer

# Where libmaxminddb's development files are, country(), asn() and as_org() are
# built in; GEOIP=no leaves them out.
GEOIP ?= $(shell echo '\#include <maxminddb.h>' | $(or $(CC),cc) -E $(CPPFLAGS) - >/dev/null 2>&1 && echo yes || echo no)
ifeq ($(GEOIP),yes)
PG_CPPFLAGS += -DHAVE_LIBMAXMINDDB
SHLIB_LINK += -lmaxminddb
endif

# The server loads libraries into one namespace: ours resolves its own names to
# itself, whatever another extension calls its functions.
SHLIB_LINK += -Wl,-Bsymbolic -ljson-c -lz

# newterm-alerts, a program of its own: of PostgreSQL it knows libpq alone.
CLIENT = newterm-alerts
CLIENT_OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/client/*.c)))

EXTRA_CLEAN = $(GENERATED) $(PARSER_HEADERS) sql/packs.sql $(CLIENT) $(CLIENT_OBJS) build

# No bitcode: JIT has nothing to inline here, and it would need clang.
override with_llvm = no

ifneq ($(filter $(SCRIPTED),$(MAKECMDGOALS)),)

# PGXS has a check of its own, and may not be there yet: targets that need it
# are made by another make.
.PHONY: $(MAKECMDGOALS)
$(filter-out $(SCRIPTED),$(MAKECMDGOALS)):
	@$(MAKE) $@

check:
	@test/run
format:
	@test/lib/format --write
demo bench stress fuzz:
	@test/$@/run

else ifneq ($(PGXS),)

include $(PGXS)

BISONFLAGS += -d

$(SQL_BUILT): $(SQL_SOURCES) newterm.control
	cat $(SQL_SOURCES) > $@

sql/packs.sql: $(PACKS)
	echo "-- Made from sql/packs." > $@
	for pack in $(basename $(notdir $(PACKS))); do \
		printf "INSERT INTO newterm.packs VALUES ('%s', \$$json\$$" $$pack && cat sql/packs/$$pack.json && \
		printf "\$$json\$$) ON CONFLICT (pack) DO UPDATE SET document = EXCLUDED.document;\n"; \
	done >> $@

# bison writes the header together with the parser.
$(PARSER_HEADERS): %.h: %.c
	@touch $@

# Coarse, but never stale: every object depends on every header.
$(OBJS): $(wildcard src/*.h src/*/*.h) $(PARSER_HEADERS)

# Where libcurl or libpq cannot be compiled with, there is everything but the program.
client_missing = $(shell for header in libpq-fe.h curl/curl.h json-c/json.h; do \
	echo "\#include <$$header>" | $(CC) -E -I$(includedir) $(CLIENT_CPPFLAGS) - >/dev/null 2>&1 || echo "$$header"; done)
CLIENT_CPPFLAGS = $(shell curl-config --cflags 2>/dev/null)
CLIENT_LIBS = -L$(libdir) -lpq $(or $(shell curl-config --libs 2>/dev/null),-lcurl) -ljson-c

$(CLIENT_OBJS): %.o: %.c $(wildcard src/client/*.h) newterm.control
	$(CC) -std=gnu99 -O2 -g -Wall -Wextra -D_GNU_SOURCE -DNEWTERM_VERSION='"$(NEWTERM_VERSION)"' \
		-I$(includedir) $(CLIENT_CPPFLAGS) $(COPT) -c -o $@ $<

$(CLIENT): $(CLIENT_OBJS)
	$(CC) $(COPT) -o $@ $(CLIENT_OBJS) $(CLIENT_LIBS)

ifeq ($(strip $(client_missing)),)
all: $(CLIENT)
install: install-client
else
all: no-client
endif

.PHONY: install-client no-client
install-client: $(CLIENT)
	$(MKDIR_P) '$(DESTDIR)$(bindir)' '$(DESTDIR)$(mandir)/man1'
	$(INSTALL_PROGRAM) $(CLIENT) '$(DESTDIR)$(bindir)/$(CLIENT)'
	$(INSTALL_DATA) docs/newterm-alerts.1 '$(DESTDIR)$(mandir)/man1/newterm-alerts.1'

no-client:
	@echo "newterm: $(CLIENT) is not built, for want of $(strip $(client_missing)) (Debian: libcurl4-openssl-dev, libpq-dev and libjson-c-dev)" >&2

uninstall: uninstall-client
.PHONY: uninstall-client
uninstall-client:
	rm -f '$(DESTDIR)$(bindir)/$(CLIENT)' '$(DESTDIR)$(mandir)/man1/newterm-alerts.1'

# flex writes functions that nobody calls.
$(SCANNERS:.c=.o): override CFLAGS += -Wno-unused-function

else

.PHONY: all install clean
all install:
	@echo "newterm: $(PG_CONFIG_FOUND) knows no PGXS; install the server's development files (Debian: postgresql-server-dev-15 and libjson-c-dev, zlib1g-dev, flex, bison, gcc), or set PG_CONFIG" >&2
	@exit 1
clean:
	rm -rf $(OBJS) newterm.so $(SQL_BUILT) $(EXTRA_CLEAN)

endif
