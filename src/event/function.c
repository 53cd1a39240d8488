/*
 * function.c
 *	  Applies a function of a field to one value of an event.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/formatting.h"

#include "base/ipaddress.h"
#include "base/jsonbtext.h"
#include "base/jsonc.h"
#include "event/function.h"
#include "event/geoip.h"
#include "lang/normalise.h"

static void
SetString(JsonbValue *value, const char *text, int length)
{
	value->type = jbvString;
	value->val.string.val = unconstify(char *, text);
	value->val.string.len = length;
}

/* Allocate a buffer for the result of a normaliser. */
static char *
BufferFor(const JsonbValue *value)
{
	return palloc(NORMALISE_BUFFER_SIZE(value->val.string.len));
}

/*
 * ReadJson
 *		json(value): replace a string by the object, array or string that it holds, also if it is
 *		percent-encoded.  Any other string stays as it is, so "12" does not become a number.
 */
static void
ReadJson(JsonbValue *value)
{
	const char *text = value->val.string.val;
	int         length = value->val.string.len;
	int         offset = 0;
	JsonError   error;
	Jsonb      *document;

	if (length > 0 && text[0] == '%')
	{
		text = NormalisePercent(text, length, BufferFor(value), &length);
		if (text == NULL || !pg_verify_mbstr(PG_UTF8, text, length, true))
			return;
	}
	while (offset < length && strchr(" \t\r\n", text[offset]) != NULL && text[offset] != '\0')
		offset++;
	if (offset == length || strchr("{[\"", text[offset]) == NULL || text[offset] == '\0')
		return;
	document = JsonParse(text, length, &offset, &error);
	if (document == NULL || offset < length)
		return;
	if (JB_ROOT_IS_SCALAR(document))
		JsonbExtractScalar(&document->root, value);
	else
	{
		value->type = jbvBinary;
		value->val.binary.data = &document->root;
		value->val.binary.len = VARSIZE(document) - VARHDRSZ;
	}
}

/* All characters of ASCII, each once, as a string; in lower case if `lower` is set. */
static void
WriteAscii(char text[128], bool lower)
{
	for (int i = 0; i < 127; i++)
		text[i] = lower ? pg_ascii_tolower(i + 1) : i + 1;
	text[127] = '\0';
}

/* Does the database's collation lower ASCII's letters as ASCII does?  Turkish ones do not. */
static bool
CollationLowersAscii(void)
{
	static enum
	{
		UNKNOWN,
		YES,
		NO
	} answer = UNKNOWN;

	if (answer == UNKNOWN)
	{
		char text[128];
		char wanted[128];

		WriteAscii(text, false);
		WriteAscii(wanted, true);
		answer = strcmp(str_tolower(text, strlen(text), DEFAULT_COLLATION_OID), wanted) == 0 ? YES
																							 : NO;
	}
	return answer == YES;
}

/*
 * lower(value).  ASCII is lowered here: for a user agent this takes 0.2 us, where the functions of
 * collations take 2 (ICU) to 5 (libc) (docs/experiments.md).
 */
static const char *
Lower(const char *text, int length, int *result_length)
{
	char         *lower = palloc(length);
	unsigned char bits = 0;

	for (int i = 0; i < length; i++)
	{
		unsigned char byte = text[i];

		bits |= byte;
		lower[i] = byte + (byte >= 'A' && byte <= 'Z') * ('a' - 'A');
	}
	if (bits >= 0x80 || !CollationLowersAscii())
	{
		lower = str_tolower(text, length, DEFAULT_COLLATION_OID);
		length = strlen(lower);
	}
	*result_length = length;
	return lower;
}

/* Is the value an account of newterm.own_accounts? */
static bool
IsOwnAccount(const JsonbValue *value, const Reference *reference)
{
	StringInfoData number;

	if (value->type == jbvString)
		return ReferenceIsOwn(reference, value->val.string.val, value->val.string.len);
	if (value->type != jbvNumeric)
		return false;
	initStringInfo(&number);
	JsonbTextAppend(&number, value);
	return ReferenceIsOwn(reference, number.data, number.len);
}

/* Apply a function to a value that is no string, or one that takes all types. */
static bool
ApplyToAny(const Field *function, JsonbValue *value, const Reference *reference)
{
	switch (function->kind)
	{
		case FIELD_EXTERNAL:
			return !IsOwnAccount(value, reference);
		case FIELD_FILLED:
			return JsonbTextIsFilled(value);
		case FIELD_TEXT:
			if (value->type == jbvBinary)
			{
				StringInfoData text;

				initStringInfo(&text);
				JsonbTextAppendMap(&text, value->val.binary.data);
				SetString(value, text.data, text.len);
			}
			return true;
		case FIELD_SESSION:
		case FIELD_ROLE:
		case FIELD_COUNTRY:
		case FIELD_ASN:
		case FIELD_AS_ORG:
		case FIELD_ADDRESS:
			return false; /* only strings have one */
		default:
			return true; /* the other functions change strings only */
	}
}

/* Apply a function to a string. */
static bool
ApplyToString(const Field *function, JsonbValue *value)
{
	const char *text = value->val.string.val;
	int         length = value->val.string.len;
	IpNetwork   address;

	switch (function->kind)
	{
		case FIELD_LOWER:
			text = Lower(text, length, &length);
			break;
		case FIELD_NETWORK:
			text = NormaliseNetwork(text, length, function->ipv4_bits, function->ipv6_bits,
									BufferFor(value), &length);
			break;
		case FIELD_PRINCIPAL:
			text = NormalisePrincipal(text, length, BufferFor(value), &length);
			break;
		case FIELD_SESSION:
			text = NormaliseSession(text, length, &length);
			break;
		case FIELD_ROLE:
			text = NormaliseRole(text, length, &length);
			break;
		case FIELD_PRODUCT:
			text = NormaliseProduct(text, length, &length);
			break;
		case FIELD_ACCOUNT:
			text = NormaliseAccount(text, length, &length);
			break;
		case FIELD_PREFIX:
			text = NormalisePrefix(text, length, function->separator, function->parts, &length);
			break;
		case FIELD_BASENAME:
			text = NormaliseBasename(text, length, &length);
			break;
		case FIELD_JSON:
			ReadJson(value);
			return true;
		case FIELD_ADDRESS:
			return IpAddressParse(text, length, &address);
		case FIELD_COUNTRY:
			return GeoipCountry(text, length, value);
		case FIELD_ASN:
			return GeoipSystemNumber(text, length, value);
		case FIELD_AS_ORG:
			return GeoipSystemOwner(text, length, value);
		default:
			return true;
	}
	if (text == NULL)
		return false;
	SetString(value, text, length);
	return true;
}

bool
FunctionApply(const Field *function, const JsonbValue *value, const Reference *reference,
			  JsonbValue *result)
{
	*result = *value;
	if (value->type != jbvString || function->kind == FIELD_EXTERNAL ||
		function->kind == FIELD_FILLED)
		return ApplyToAny(function, result, reference);
	return ApplyToString(function, result);
}
