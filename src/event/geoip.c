/*
 * geoip.c
 *	  Country and network of an IP address, from files in MaxMind's format.
 */
#include "postgres.h"

#ifdef HAVE_LIBMAXMINDDB

#include <maxminddb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/ipaddress.h"
#include "event/geoip.h"
#include "settings.h"

/* One of the files in newterm.geoip_files. */
typedef struct GeoipFile
{
	char       *path;
	bool        is_open;
	bool        told;     /* a WARNING about it was given */
	struct stat identity; /* of the open file */
	MMDB_s      database;
} GeoipFile;

static List         *Files = NIL;
static MemoryContext FilesContext = NULL;

/* How often the setting changed; that number and the transaction when files were last checked. */
static uint64      SettingChanges = 1;
static uint64      FilesKnow = 0;
static TimestampTz FilesCheckedAt = 0;

/* ---------- the setting ---------- */

/* The paths of the setting's value, which is a list with commas, palloc'd. */
static List *
SplitPaths(const char *value)
{
	List *paths = NIL;

	for (const char *next = value; *next != '\0';)
	{
		const char *end = next + strcspn(next, ",");
		const char *last = end;

		while (next < last && isspace((unsigned char) *next))
			next++;
		while (last > next && isspace((unsigned char) last[-1]))
			last--;
		if (last > next)
			paths = lappend(paths, pnstrdup(next, last - next));
		next = *end == ',' ? end + 1 : end;
	}
	return paths;
}

/* Was the setting changed by a command, whose user can be told what is wrong with a file? */
static bool
IsSetByHand(GucSource source)
{
	return source >= PGC_S_INTERACTIVE && source != PGC_S_TEST && !IsParallelWorker();
}

bool
GeoipCheckFiles(char **value, void **extra, GucSource source)
{
	ListCell *cell;

	if (*value == NULL || !IsSetByHand(source))
		return true;
	foreach(cell, SplitPaths(*value))
	{
		const char *path = lfirst(cell);
		MMDB_s      database;
		int         status = MMDB_open(path, MMDB_MODE_MMAP, &database);

		if (status != MMDB_SUCCESS)
		{
			GUC_check_errdetail("\"%s\" is no file in MaxMind's format that the server can read: %s.",
								path, MMDB_strerror(status));
			return false;
		}
		MMDB_close(&database);
	}
	return true;
}

void
GeoipAssignFiles(const char *value, void *extra)
{
	SettingChanges++;
}

/* ---------- the files ---------- */

static void
CloseFile(GeoipFile *file)
{
	if (file->is_open)
		MMDB_close(&file->database);
	file->is_open = false;
}

static void
ForgetFiles(void)
{
	ListCell *cell;

	foreach(cell, Files)
		CloseFile(lfirst(cell));
	Files = NIL;
	if (FilesContext == NULL)
		FilesContext = AllocSetContextCreate(TopMemoryContext, "newterm geoip",
											 ALLOCSET_SMALL_SIZES);
	MemoryContextReset(FilesContext);
}

/* Read the paths in the setting, without opening the files. */
static void
NameFiles(void)
{
	MemoryContext old;
	ListCell     *cell;

	ForgetFiles();
	old = MemoryContextSwitchTo(FilesContext);
	foreach(cell, SplitPaths(GeoipFilesSetting == NULL ? "" : GeoipFilesSetting))
	{
		GeoipFile *file = palloc0(sizeof(GeoipFile));

		file->path = lfirst(cell);
		Files = lappend(Files, file);
	}
	MemoryContextSwitchTo(old);
}

static bool
IsSameFile(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
		a->st_mtime == b->st_mtime;
}

/* Open the file, or open it again if another file has taken its path. */
static void
RefreshFile(GeoipFile *file)
{
	struct stat now;
	int         status;

	if (stat(file->path, &now) != 0)
	{
		/* its replacement may not be there yet: keep the old file */
		if (file->is_open)
			return;
		memset(&now, 0, sizeof(now));
	}
	if (file->is_open && IsSameFile(&file->identity, &now))
		return;
	CloseFile(file);
	status = MMDB_open(file->path, MMDB_MODE_MMAP, &file->database);
	file->is_open = status == MMDB_SUCCESS;
	file->identity = now;
	if (!file->is_open && !file->told)
		ereport(WARNING,
				(errcode(ERRCODE_CONFIG_FILE_ERROR),
				 errmsg("newterm could not open the GeoIP file \"%s\": %s", file->path,
						MMDB_strerror(status)),
				 errdetail("Addresses have no country, asn and as_org that it alone knows."),
				 errhint("Mend newterm.geoip_files or the file.")));
	file->told = !file->is_open;
}

/* Open the files, once a transaction: a look-up for each event would cost a call of stat. */
static void
RefreshFiles(void)
{
	const TimestampTz start = GetCurrentTransactionStartTimestamp();
	ListCell         *cell;

	if (FilesKnow == SettingChanges && FilesCheckedAt == start)
		return;
	if (FilesKnow != SettingChanges)
		NameFiles();
	FilesKnow = SettingChanges;
	FilesCheckedAt = start;
	foreach(cell, Files)
		RefreshFile(lfirst(cell));
}

/* ---------- look-ups ---------- */

/* An address in the form that libmaxminddb takes. */
typedef union SocketAddress
{
	struct sockaddr     any;
	struct sockaddr_in  ipv4;
	struct sockaddr_in6 ipv6;
} SocketAddress;

static bool
ReadAddress(const char *text, int length, SocketAddress *address)
{
	IpNetwork parsed;

	if (!IpAddressParse(text, length, &parsed))
		return false;
	memset(address, 0, sizeof(SocketAddress));
	address->any.sa_family = parsed.family;
	if (parsed.family == AF_INET)
		memcpy(&address->ipv4.sin_addr, parsed.address, sizeof(address->ipv4.sin_addr));
	else
		memcpy(&address->ipv6.sin6_addr, parsed.address, sizeof(address->ipv6.sin6_addr));
	return true;
}

/* The names that several makers give one value: paths of keys that NULL ends. */
typedef const char *const *const GeoipNames;

static const char *const CountryOfMaxMind[] = {"country", "iso_code", NULL};
static const char *const CountryCode[] = {"country_code", NULL};
static const char *const CountryPlain[] = {"country", NULL};
static const char *const CountryCodes[] = {"country", "code", NULL};
static GeoipNames CountryNames[] = {CountryOfMaxMind, CountryCode, CountryPlain, CountryCodes,
									NULL};

static const char *const SystemNumber[] = {"autonomous_system_number", NULL};
static const char *const SystemNumberShort[] = {"asn", NULL};
static GeoipNames        SystemNumberNames[] = {SystemNumber, SystemNumberShort, NULL};

static const char *const SystemOwner[] = {"autonomous_system_organization", NULL};
static const char *const SystemOwnerName[] = {"as_name", NULL};
static GeoipNames        SystemOwnerNames[] = {SystemOwner, SystemOwnerName, NULL};

/* Converts an entry's data to a value; returns false if they have another type. */
typedef bool (*DataReader)(const MMDB_entry_data_s *data, JsonbValue *value);

static bool
ReadString(const MMDB_entry_data_s *data, JsonbValue *value)
{
	if (data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size == 0 ||
		!pg_verify_mbstr(PG_UTF8, data->utf8_string, data->data_size, true))
		return false;
	/* copy it: the file may be closed before the value is used */
	value->type = jbvString;
	value->val.string.val = pnstrdup(data->utf8_string, data->data_size);
	value->val.string.len = data->data_size;
	return true;
}

/* Read a number, also from a text such as AS15169. */
static bool
ReadNumber(const MMDB_entry_data_s *data, JsonbValue *value)
{
	int64  number = 0;
	uint32 digit = 0;

	if (data->type == MMDB_DATA_TYPE_UINT32)
		number = data->uint32;
	else if (data->type == MMDB_DATA_TYPE_UINT16)
		number = data->uint16;
	else if (data->type == MMDB_DATA_TYPE_UTF8_STRING)
	{
		if (data->data_size > 2 && memcmp(data->utf8_string, "AS", 2) == 0)
			digit = 2;
		if (digit == data->data_size || data->data_size > digit + 10)
			return false;
		for (; digit < data->data_size; digit++)
		{
			if (data->utf8_string[digit] < '0' || data->utf8_string[digit] > '9')
				return false;
			number = number * 10 + (data->utf8_string[digit] - '0');
		}
	}
	else
		return false;
	value->type = jbvNumeric;
	value->val.numeric = int64_to_numeric(number);
	return true;
}

/* Read the value of an entry, by the first name that it has. */
static bool
ReadEntry(MMDB_entry_s *entry, GeoipNames *names, DataReader reader, JsonbValue *value)
{
	MMDB_entry_data_s data;

	for (; *names != NULL; names++)
		if (MMDB_aget_value(entry, &data, *names) == MMDB_SUCCESS && data.has_data &&
			reader(&data, value))
			return true;
	return false;
}

/* Look up an address; the first file that has a value counts. */
static bool
LookUp(const char *text, int length, GeoipNames *names, DataReader reader, JsonbValue *value)
{
	SocketAddress address;
	ListCell     *cell;

	RefreshFiles();
	if (Files == NIL || !ReadAddress(text, length, &address))
		return false;
	foreach(cell, Files)
	{
		GeoipFile           *file = lfirst(cell);
		MMDB_lookup_result_s result;
		int                  error;

		if (!file->is_open)
			continue;
		result = MMDB_lookup_sockaddr(&file->database, &address.any, &error);
		if (error == MMDB_SUCCESS && result.found_entry &&
			ReadEntry(&result.entry, names, reader, value))
			return true;
	}
	return false;
}

bool
GeoipCountry(const char *text, int length, JsonbValue *value)
{
	return LookUp(text, length, CountryNames, ReadString, value);
}

bool
GeoipSystemNumber(const char *text, int length, JsonbValue *value)
{
	return LookUp(text, length, SystemNumberNames, ReadNumber, value);
}

bool
GeoipSystemOwner(const char *text, int length, JsonbValue *value)
{
	return LookUp(text, length, SystemOwnerNames, ReadString, value);
}

#else /* HAVE_LIBMAXMINDDB */

#include "event/geoip.h"

bool
GeoipCheckFiles(char **value, void **extra, GucSource source)
{
	if (*value == NULL || **value == '\0')
		return true;
	GUC_check_errdetail("This build of newterm has no GeoIP: it was made without libmaxminddb.");
	GUC_check_errhint("Install libmaxminddb's development files (Debian: libmaxminddb-dev) and build newterm again.");
	return false;
}

void
GeoipAssignFiles(const char *value, void *extra)
{
}

bool
GeoipCountry(const char *text, int length, JsonbValue *value)
{
	return false;
}

bool
GeoipSystemNumber(const char *text, int length, JsonbValue *value)
{
	return false;
}

bool
GeoipSystemOwner(const char *text, int length, JsonbValue *value)
{
	return false;
}

#endif /* HAVE_LIBMAXMINDDB */
