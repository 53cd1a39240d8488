/*
 * rule.c
 *	  The compiled rules of a session, kept until they change.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/guard.h"
#include "settings.h"
#include "rule/rule_load.h"
#include "store/extension.h"

static RuleSet *Current = NULL;

/* ExtensionChanged.rules before Current was loaded; 0: it must be loaded again. */
static uint64 CurrentKnows = 0;

/* When loading is tried again after a table was locked, and the pause in milliseconds. */
static TimestampTz LoadAgain = 0;

#define LOAD_AGAIN 100

/* Number of RulesHold calls in force, and the old sets that they keep. */
static int      Holders = 0;
static RuleSet *OldSets = NULL;

static void
FreeOldSets(void)
{
	while (OldSets != NULL)
	{
		RuleSet *set = OldSets;

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
	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE)
		return;
	Holders = 0;
	FreeOldSets();
	/* what made a load fail, such as a lock, may be gone in the next transaction */
	if (Current != NULL && Current->failure != NULL)
		CurrentKnows = 0;
}

void
RulesInitialise(void)
{
	RegisterXactCallback(TransactionEnds, NULL);
}

/*
 * IsStale
 *		Must the current set be loaded again?  A set that failed because a table was
 *		locked is: at once by callers that may wait, else after a pause.
 */
static inline bool
IsStale(bool wait)
{
	if (CurrentKnows != ExtensionChanged.rules)
		return true;
	if (likely(Current->failure == NULL) || !ErrorIsContention(Current->failure_code))
		return false;
	return wait || GetCurrentTimestamp() >= LoadAgain;
}

static RuleSet *
RulesNow(bool wait)
{
	static uint64 generation = 0;

	while (IsStale(wait))
	{
		uint64   known = ExtensionChanged.rules;
		RuleSet *loaded;

		if (ExtensionLookup() == NULL)
			return NULL;
		loaded = RulesLoad(wait);
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
		if (Current->failure != NULL)
		{
			LoadAgain = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), LOAD_AGAIN);
			break;
		}
	}
	return Current;
}

RuleSet *
RulesCurrent(void)
{
	return RulesNow(true);
}

RuleSet *
RulesWithoutWaiting(void)
{
	return RulesNow(false);
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
				(errcode(set->failure_code),
				 errmsg("newterm could not load its rules: %s", set->failure)));
}

void
RulesCheckMemory(void)
{
	RuleSet *set = RulesCurrent();
	Size     kilobytes = set == NULL || set->failure != NULL
			? 0
			: MemoryContextMemAllocated(set->context, true) / 1024;

	if (kilobytes > (Size) RulesMemorySetting)
		ereport(ERROR,
				(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
				 errmsg("compiled rules would take %zu kB of each session, where newterm.rules_memory allows %d kB",
						kilobytes, RulesMemorySetting),
				 errhint("Disable or drop rules, shorten their filters, or raise newterm.rules_memory.")));
}

void
RulesAnnounce(void)
{
	const ExtensionOids *oids = ExtensionLookup();

	if (oids == NULL)
		return;
	CacheInvalidateRelcacheByRelid(oids->rules);
	if (OidIsValid(oids->baseline))
		CacheInvalidateRelcacheByRelid(oids->baseline);
}

bool
RuleIsFull(const Rule *rule)
{
	return MaxTermsPerRuleSetting > 0 && rule->stored_terms >= MaxTermsPerRuleSetting;
}

Rule *
RuleByVersion(RuleSet *set, int32 version_id)
{
	int low = 0;
	int high = set->nrules;

	/* they are in the order of version_id */
	while (low < high)
	{
		int middle = (low + high) / 2;

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
	Rule *rule = RuleByVersion(set, version_id);
	int   position;

	if (rule != NULL)
		return rule;
	rule = RuleLoadVersion(set, version_id);
	if (rule == NULL)
		return NULL;

	/* known to RuleByVersion, but not to dispatch */
	set->rules = repalloc(set->rules, sizeof(Rule *) * (set->nrules + 1));
	for (position = set->nrules++;
		 position > 0 && set->rules[position - 1]->version_id > version_id; position--)
		set->rules[position] = set->rules[position - 1];
	set->rules[position] = rule;
	return rule;
}

void
RuleClockCommitted(int32 version_id)
{
	Rule *rule = Current == NULL ? NULL : RuleByVersion(Current, version_id);

	if (rule == NULL || rule->clock_set)
		return;
	rule->clock_set = true;
	for (int i = 0; i < Current->nclockless; i++)
		if (Current->clockless[i] == rule)
			Current->clockless[i] = Current->clockless[--Current->nclockless];
}
