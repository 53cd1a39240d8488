/*
 * rule.c
 *	  The compiled rules of a session, kept until they change.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "mb/pg_wchar.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "settings.h"
#include "rule/rule_load.h"

static ExtensionOids Oids;
static RuleSet *Current = NULL;

/*
 * Changes of newterm.rules that we were told of, and how many of them what we
 * have was found after: one may be told while we look.
 */
static uint64 Changes = 1;
static uint64 OidsKnow = 0;
static uint64 CurrentKnows = 0;

/* ---------- invalidation ---------- */

/*
 * A relation changed.  Rule changes announce themselves by invalidating
 * newterm.rules (see rules_changed); the callback only counts.
 */
static void
RelationChanged(Datum argument, Oid relation)
{
	if (relation == InvalidOid || relation == Oids.rules)
		Changes++;
}

/* Who holds sets, and those that are held only for that. */
static int	Holders = 0;
static RuleSet *OldSets = NULL;

static void
FreeOldSets(void)
{
	while (OldSets != NULL)
	{
		RuleSet    *set = OldSets;

		OldSets = set->next_old;
		MemoryContextDelete(set->context);
	}
}

void
RulesHold(void)
{
	Holders++;
}

void
RulesRelease(void)
{
	if (--Holders == 0)
		FreeOldSets();
}

static void
TransactionEnds(XactEvent event, void *argument)
{
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT &&
		event != XACT_EVENT_PREPARE)
		return;
	Holders = 0;
	FreeOldSets();
	/* what made a load fail, such as a lock, may be gone in the next transaction */
	if (Current != NULL && Current->failure != NULL)
		Changes++;
}

void
RulesInitialise(void)
{
	RegisterXactCallback(TransactionEnds, NULL);
	CacheRegisterRelcacheCallback(RelationChanged, (Datum) 0);
}

static Oid
RelationOid(const char *name)
{
	return get_relname_relid(name, Oids.schema);
}

/* The owner of a relation, without a lock that would have to be waited for. */
static bool
OwnerOf(Oid relation, Oid *owner)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));

	if (!HeapTupleIsValid(tuple))
		return false;
	*owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return true;
}

const ExtensionOids *
ExtensionLookup(void)
{
	if (OidsKnow != Changes)
	{
		uint64		known = Changes;

		memset(&Oids, 0, sizeof(Oids));
		Oids.schema = get_namespace_oid("newterm", true);
		if (!OidIsValid(Oids.schema))
			return NULL;
		Oids.rules = RelationOid("rules");
		Oids.baseline = RelationOid("baseline");
		Oids.digest_key = RelationOid("digest_key");
		Oids.known_accounts = RelationOid("known_accounts");
		Oids.rule_versions = RelationOid("rule_versions");
		Oids.rule_versions_key = RelationOid("rule_versions_pkey");
		Oids.runs = RelationOid("runs");
		Oids.runs_index = RelationOid("runs_digest");
		Oids.entity_clocks = RelationOid("entity_clocks");
		Oids.entity_clocks_key = RelationOid("entity_clocks_pkey");
		Oids.learned_values = RelationOid("learned_values");
		Oids.learned_values_index = RelationOid("learned_values_scope");
		Oids.detection_log = RelationOid("detection_log");
		Oids.detection_index = RelationOid("detection_log_digest");
		Oids.detection_sequence = RelationOid("detection_id");
		Oids.signals = RelationOid("signals");
		Oids.signals_key = RelationOid("signals_pkey");
		Oids.signal_sequence = RelationOid("signal_id");
		Oids.postponed = RelationOid("postponed");
		Oids.event_errors = RelationOid("event_errors");
		Oids.error_sequence = RelationOid("event_error_id");
		if (!OidIsValid(Oids.rules) || !OidIsValid(Oids.error_sequence))
			return NULL;		/* in the middle of CREATE or DROP EXTENSION */
		if (!OwnerOf(Oids.rules, &Oids.owner))
			return NULL;
		OidsKnow = known;
	}
	return &Oids;
}

const ExtensionOids *
ExtensionLast(void)
{
	return &Oids;
}

/* ---------- small readers ---------- */

Language
LanguageByName(const char *name)
{
	if (strcmp(name, "datadog") == 0)
		return LANGUAGE_DATADOG;
	if (strcmp(name, "kql") == 0)
		return LANGUAGE_KQL;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown filter language \"%s\"", name),
			 errhint("Use \"datadog\" or \"kql\".")));
}

void
ReportSyntaxError(const char *what, const char *text, const SyntaxError *error)
{
	/* the line that holds the position, and a caret below it */
	const char *line = text;
	const char *at = text;
	const char *end;
	int			column = 0;

	for (int i = 1; i < error->position && *at != '\0'; i++)
	{
		int			length = pg_mblen(at);

		column++;
		if (*at == '\n')
		{
			line = at + 1;
			column = 0;
		}
		at += length;
	}
	end = strchr(at, '\n');

	/* the context would be SQL of ours, which explains nothing to the writer */
	error_context_stack = NULL;
	ereport(ERROR,
			(errcode(MAKE_SQLSTATE('N', 'T', '0', '0', '1')),
			 errmsg("syntax error in %s at position %d: %s", what,
					error->position, error->message),
			 /* from the next line on: clients put a label before the first */
			 errdetail("\n%s\n%*s^",
					   end == NULL ? line : pnstrdup(line, end - line),
					   column, ""),
			 error->hint != NULL ? errhint("%s", error->hint) : 0));
}

RuleSet *
RulesCurrent(void)
{
	static uint64 generation = 0;

	while (CurrentKnows != Changes)
	{
		uint64		known = Changes;
		RuleSet    *loaded;

		if (ExtensionLookup() == NULL)
			return NULL;
		loaded = RulesLoad();
		if (Current != NULL)
		{
			Current->next_old = OldSets;
			OldSets = Current;
			if (Holders == 0)
				FreeOldSets();
		}
		Current = loaded;
		Current->generation = ++generation;
		CurrentKnows = known;
	}
	return Current;
}

RuleSet *
RulesInUse(void)
{
	return Current;
}

void
RulesCheck(const RuleSet *set)
{
	if (set->failure != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("newterm could not load its rules: %s", set->failure)));
}

bool
RuleIsFull(const Rule *rule)
{
	return MaxTermsPerRuleSetting > 0 &&
		rule->stored_terms >= MaxTermsPerRuleSetting;
}

Rule *
RuleByVersion(RuleSet *set, int32 version_id)
{
	int			low = 0;
	int			high = set->nrules;

	/* they are in the order of version_id */
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (set->rules[middle]->version_id == version_id)
			return set->rules[middle];
		if (set->rules[middle]->version_id < version_id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

Rule *
RuleOfVersion(RuleSet *set, int32 version_id)
{
	Rule	   *rule = RuleByVersion(set, version_id);
	int			position;

	if (rule != NULL)
		return rule;
	rule = RuleLoadVersion(set, version_id);
	if (rule == NULL)
		return NULL;

	/* known to RuleByVersion, but not to dispatch */
	set->rules = repalloc(set->rules, sizeof(Rule *) * (set->nrules + 1));
	for (position = set->nrules++; position > 0 &&
		 set->rules[position - 1]->version_id > version_id; position--)
		set->rules[position] = set->rules[position - 1];
	set->rules[position] = rule;
	return rule;
}

void
RuleClockCommitted(int32 version_id)
{
	Rule	   *rule = Current == NULL ? NULL : RuleByVersion(Current, version_id);

	if (rule == NULL || rule->clock_set)
		return;
	rule->clock_set = true;
	for (int i = 0; i < Current->nclockless; i++)
		if (Current->clockless[i] == rule)
			Current->clockless[i] = Current->clockless[--Current->nclockless];
}
