/*
 * question.c
 *	  Filters and fields that SQL functions evaluate on an event, outside of rules.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rls.h"
#include "utils/snapshot.h"

#include "base/compat.h"
#include "event/event.h"
#include "rule/dispatch.h"
#include "rule/question.h"
#include "rule/reference_load.h"
#include "rule/rule_parse.h"
#include "store/extension.h"

const DigestKey *
QuestionKey(void)
{
	static DigestKey key;
	static bool      expanded = false;
	const uint8      secret[DIGEST_SECRET_BYTES] = {0};

	if (!expanded)
		DigestKeyExpand(&key, secret);
	expanded = true;
	return &key;
}

/*
 * CheckReadable
 *		The library reads its tables whoever calls; here the caller would see what is
 *		in them, and so has to have the right.
 */
static void
CheckReadable(Oid table, const char *name)
{
	if (OidIsValid(table) && pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		check_enable_rls(table, InvalidOid, true) != RLS_ENABLED)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("permission denied for table newterm.%s", name),
			 errdetail("The expression looks up in it."),
			 errhint("Somebody who may grant it: GRANT SELECT ON newterm.%s TO %s;", name,
					 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
}

static void
CheckRights(int needs)
{
	const ExtensionOids *oids;

	if ((needs & (NEEDS_KNOWN_ACCOUNTS | NEEDS_OWN_ACCOUNTS | NEEDS_LISTS)) == 0)
		return;
	oids = ExtensionLookup();
	if (oids == NULL)
		return;
	if (needs & NEEDS_KNOWN_ACCOUNTS)
		CheckReadable(oids->known_accounts, "known_accounts");
	if (needs & NEEDS_OWN_ACCOUNTS)
		CheckReadable(oids->own_accounts, "own_accounts");
	if (needs & NEEDS_LISTS)
		CheckReadable(oids->lists, "lists");
}

/* Raise an error where a field's value is not the event's alone. */
static void
CheckImmutable(const char *text, int needs)
{
	if (needs != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("the field \"%s\" looks up what is not in the event", text),
				 errhint("$vendor, $own_account, external(), country(), asn() and as_org() change with what they look up; use newterm.terms().")));
}

/* Has the question these texts and this language? */
static bool
IsSame(const Question *question, char **texts, int ntexts, Language language)
{
	if (!question->complete || question->language != language || question->ntexts != ntexts)
		return false;
	for (int i = 0; i < ntexts; i++)
		if (strcmp(question->texts[i], texts[i]) != 0)
			return false;
	return true;
}

/* Parse and compile a question into its context; what it looks up is not read yet. */
static void
Compile(Question *question, QuestionKind kind, char **texts, int ntexts, Language language)
{
	Field     **fields = palloc(sizeof(Field *) * ntexts);
	FilterNode *filter = NULL;

	question->language = language;
	question->ntexts = ntexts;
	question->texts = palloc(sizeof(char *) * ntexts);
	question->needs = 0;
	for (int i = 0; i < ntexts; i++)
		question->texts[i] = pstrdup(texts[i]);

	if (kind == QUESTION_FILTER)
	{
		filter = ParseFilter(texts[0], language);
		question->needs = FilterNeeds(filter);
	}
	else
		for (int i = 0; i < ntexts; i++)
		{
			fields[i] = ParseField(texts[i], language);
			question->needs |= FieldNeeds(fields[i]);
		}
	if (kind == QUESTION_IMMUTABLE)
		CheckImmutable(texts[0], question->needs);
	CheckBuiltIn(question->needs);

	question->set = FieldSetCreate(QuestionKey(), ReferenceCreate());
	if (kind == QUESTION_FILTER)
		question->filter = FilterBind(filter, question->set);
	else
	{
		TermShapeInitialise(&question->shape, question->set, fields, ntexts, 0, false);
		question->slot = question->shape.slots[0];
	}
}

/* The call site's question, empty at first. */
static Question *
QuestionOfSite(FmgrInfo *site)
{
	Question *question = site->fn_extra;

	if (question != NULL)
		return question;
	question = MemoryContextAllocZero(site->fn_mcxt, sizeof(Question));
	question->context = AllocSetContextCreate(site->fn_mcxt, "newterm question",
											  ALLOCSET_DEFAULT_SIZES);
	site->fn_extra = question;
	return question;
}

Question *
Ask(FunctionCallInfo fcinfo, QuestionKind kind, char **texts, int ntexts, Language language,
	Jsonb *event)
{
	Question *question = QuestionOfSite(fcinfo->flinfo);
	bool      fresh = question->complete &&
		(question->needs == 0 || question->known_rules == ExtensionChanged.rules);

	if (!fresh || !IsSame(question, texts, ntexts, language))
	{
		MemoryContext caller;

		question->complete = false;
		MemoryContextReset(question->context);
		caller = MemoryContextSwitchTo(question->context);
		Compile(question, kind, texts, ntexts, language);
		CheckRights(question->needs);
		question->known_rules = ExtensionChanged.rules;
		ReferenceLoad(question->set->reference, question->needs, InvalidSnapshot);
		MemoryContextSwitchTo(caller);
		question->complete = true;
	}
	else
		CheckRights(question->needs); /* the caller may be another role by now */
	EventBegin(question->set, &event->root);
	return question;
}

FieldSet *
QuestionSet(const FilterNode *filter)
{
	const int needs = FilterNeeds(filter);
	FieldSet *set;

	CheckBuiltIn(needs);
	CheckRights(needs);
	set = FieldSetCreate(QuestionKey(), ReferenceCreate());
	(void) FilterBind(filter, set); /* asks for the lists */
	ReferenceLoad(set->reference, needs, InvalidSnapshot);
	return set;
}
