/*
 * filter_compare.c
 *	  Evaluating a filter's leaves on the values of an event.
 */
#include "postgres.h"

#include <sys/socket.h>

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/decimal.h"
#include "base/isotime.h"
#include "base/jsonbtext.h"
#include "event/filter_compare.h"
#include "event/reference.h"

/* Rough costs of evaluation; a comparison of short strings costs about 1. */
#define COST_EXISTS   1
#define COST_EQUALS   2
#define COST_WILDCARD 8
#define COST_RANGE    12
#define COST_CIDR     20
#define COST_LIST     30
#define COST_ELEMENT  30
#define COST_FUNCTION 10
#define COST_GEOIP    100
#define COST_JSON     1000

/* The literal, which is a number, as FilterCompareReady read it. */
static Numeric
LiteralNumeric(const FilterLiteral *literal)
{
	return (Numeric) literal->number;
}

/* Compare two numbers: below 0, 0 or above 0. */
static int
CompareNumerics(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a), NumericGetDatum(b)));
}

/*
 * Does the value equal the literal?  A string must have the same bytes, whatever the
 * literal can be compared as.  Numbers and booleans are compared as such.
 */
static bool
MatchEquals(const FilterLiteral *literal, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return value->val.string.len == literal->length &&
				memcmp(value->val.string.val, literal->text, literal->length) == 0;
		case jbvNumeric:
			return literal->is_number &&
				CompareNumerics(value->val.numeric, LiteralNumeric(literal)) == 0;
		case jbvBool:
			return literal->is_boolean && value->val.boolean == (literal->text[0] == 't');
		default:
			return false;
	}
}

/* Does the value's text match the pattern? */
static bool
MatchWildcard(const FilterNode *leaf, const JsonbValue *value)
{
	char *text;
	bool  matches;

	switch (value->type)
	{
		case jbvString:
			return FilterWildcardMatch(leaf, value->val.string.val, value->val.string.len);
		case jbvNumeric:
			if (NumberIsTooLong(value->val.numeric))
				return false; /* in no record, and its text would cost too much */
			text = DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
			matches = FilterWildcardMatch(leaf, text, strlen(text));
			pfree(text);
			return matches;
		case jbvBool:
			return value->val.boolean ? FilterWildcardMatch(leaf, "true", 4)
									  : FilterWildcardMatch(leaf, "false", 5);
		default:
			return false;
	}
}

/* Write an address as 16 bytes, IPv4 mapped into IPv6, which gives the order that Elastic uses. */
static void
MapAddress(const IpNetwork *address, unsigned char mapped[IPADDRESS_BYTES])
{
	if (address->family == AF_INET6)
	{
		memcpy(mapped, address->address, IPADDRESS_BYTES);
		return;
	}
	memset(mapped, 0, IPADDRESS_BYTES);
	mapped[10] = mapped[11] = 0xFF;
	memcpy(mapped + 12, address->address, 4);
}

/* Compare a text with an address; false if the text is no address. */
static bool
CompareAddress(const char *text, int length, const IpNetwork *bound, int *order)
{
	IpNetwork     address;
	unsigned char left[IPADDRESS_BYTES];
	unsigned char right[IPADDRESS_BYTES];

	if (!IpAddressParse(text, length, &address))
		return false;
	MapAddress(&address, left);
	MapAddress(bound, right);
	*order = memcmp(left, right, IPADDRESS_BYTES);
	return true;
}

/*
 * Compare a value with a bound: as numbers, times or addresses if the bound is one, else
 * byte for byte.  Sets *order below 0, to 0 or above 0.  Returns false if the two cannot
 * be compared.
 */
static bool
CompareWithBound(const JsonbValue *value, const FilterLiteral *bound, int *order)
{
	const char *text;
	int         length;
	int64       time;

	if (value->type == jbvNumeric)
	{
		if (!bound->is_number)
			return false;
		*order = CompareNumerics(value->val.numeric, LiteralNumeric(bound));
		return true;
	}
	if (value->type != jbvString)
		return false;

	text = value->val.string.val;
	length = value->val.string.len;
	if (bound->is_number)
	{
		if (!DecimalValid(text, length))
			return false;
		*order = DecimalCompare(text, length, bound->text, bound->length);
	}
	else if (bound->is_time)
	{
		if (!IsoTimeParse(text, length, &time))
			return false;
		*order = time < bound->time ? -1 : time > bound->time;
	}
	else if (bound->is_address)
		return CompareAddress(text, length, bound->number, order);
	else
	{
		*order = memcmp(text, bound->text, Min(length, bound->length));
		if (*order == 0)
			*order = length - bound->length;
	}
	return true;
}

/* Is the value between the bounds? */
static bool
MatchRange(const FilterRange *range, const JsonbValue *value)
{
	int order;

	if (range->lower.present)
	{
		if (!CompareWithBound(value, &range->lower.literal, &order))
			return false;
		if (order < 0 || (order == 0 && !range->lower.inclusive))
			return false;
	}
	if (range->upper.present)
	{
		if (!CompareWithBound(value, &range->upper.literal, &order))
			return false;
		if (order > 0 || (order == 0 && !range->upper.inclusive))
			return false;
	}
	return true;
}

/*
 * FilterCompareScalar
 *		Does a value meet the leaf's condition?  See filter_compare.h.
 */
bool
FilterCompareScalar(const FilterNode *leaf, const JsonbValue *value)
{
	switch (leaf->kind)
	{
		case FILTER_EQUALS:
			return MatchEquals(&leaf->val.literal, value);
		case FILTER_WILDCARD:
			return MatchWildcard(leaf, value);
		case FILTER_RANGE:
			return MatchRange(leaf->val.range, value);
		case FILTER_CIDR:
			return value->type == jbvString &&
				FilterNetworkMatch(leaf, value->val.string.val, value->val.string.len);
		case FILTER_LIST:
			return ReferenceListHas(leaf->val.list.values, value);
		default:
			return false; /* not FILTER_IS_SCALAR */
	}
}

/*
 * FilterCompareReady
 *		Read the number or address that the literal is; the parser has checked the text.
 */
void
FilterCompareReady(FilterLiteral *literal)
{
	if (literal->is_number)
		literal->number = NumericOfText(literal->text);
	else if (literal->is_address)
	{
		literal->number = palloc(sizeof(IpNetwork));
		IpAddressParse(literal->text, literal->length, literal->number);
	}
}

/* The cost of finding a field's values beyond the cost of a path. */
static int
FieldCost(const Field *field)
{
	int cost = 0;

	switch (field->kind)
	{
		case FIELD_PATH:
		case FIELD_ATTRIBUTE:
			return 0;
		case FIELD_JSON:
			cost = COST_JSON;
			break;
		case FIELD_COUNTRY:
		case FIELD_ASN:
		case FIELD_AS_ORG:
			cost = COST_GEOIP;
			break;
		default:
			cost = COST_FUNCTION;
			break;
	}
	for (int i = 0; i < field->narguments; i++)
		cost += FieldCost(field->arguments[i]);
	return cost;
}

bool
FilterCompareIsCheap(const Field *field)
{
	return FieldCost(field) < COST_GEOIP;
}

/*
 * FilterCompareCost
 *		The rough cost of evaluating a node; see filter_compare.h.
 */
int
FilterCompareCost(const FilterNode *filter)
{
	int cost = 0;

	switch (filter->kind)
	{
		case FILTER_EVERYTHING:
			return 0;
		case FILTER_AND:
		case FILTER_OR:
		case FILTER_NOT:
		case FILTER_ELEMENT:
			for (int i = 0; i < filter->nchildren; i++)
				cost += FilterCompareCost(filter->children[i]);
			return filter->kind == FILTER_ELEMENT ? cost + COST_ELEMENT : cost;
		case FILTER_EXISTS:
			cost = COST_EXISTS;
			break;
		case FILTER_EQUALS:
			cost = COST_EQUALS;
			break;
		case FILTER_WILDCARD:
			cost = COST_WILDCARD + filter->val.wildcard.nparts;
			break;
		case FILTER_RANGE:
			cost = COST_RANGE;
			break;
		case FILTER_CIDR:
			cost = COST_CIDR + filter->val.cidr.nnetworks;
			break;
		case FILTER_LIST:
			cost = COST_LIST;
			break;
		case FILTER_EQUAL:
			cost = COST_EQUALS + FieldCost(filter->val.other.field);
			break;
	}
	return cost + FieldCost(filter->field);
}
