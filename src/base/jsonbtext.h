/*
 * jsonbtext.h
 *	  Values of jsonb as text.
 *
 * A number of 1e500 and beyond, or with more than 500 digits behind the point,
 * is written as "…": a few bytes of jsonb would become 131,072 digits.
 */
#ifndef NEWTERM_JSONBTEXT_H
#define NEWTERM_JSONBTEXT_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* As a person reads it: strings without quotes, objects and arrays as JSON. */
extern void JsonbTextAppend(StringInfo out, const JsonbValue *value);

/*
 * As jsonb is printed.  Returns false where a number was too long, for which
 * there is the string "…" then.
 */
extern bool JsonbTextAppendJson(StringInfo out, const JsonbValue *value);

/*
 * Is the value one that Elastic's pipeline keeps?  It drops null, "", "-",
 * "none" and objects and arrays that hold nothing else.
 */
extern bool JsonbTextIsFilled(const JsonbValue *value);

/*
 * A container as Elastic stores requestParameters, {a=1, b=[x, y], c={d=true}},
 * without what its pipeline drops: what text(p) makes of a value that is an
 * object.  Members are in jsonb's order, which is not always Elastic's; rules
 * look for one member at a time (*owner=*).
 */
extern void JsonbTextAppendMap(StringInfo out, JsonbContainer *container);

/* Would the number's text be so long that it is not written?  Found without writing it. */
extern bool NumberIsTooLong(Numeric number);

/* A JSON number's text as a numeric; raises where numeric cannot hold it. */
extern Numeric NumericOfText(const char *text);

#endif /* NEWTERM_JSONBTEXT_H */
