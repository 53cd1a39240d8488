/*
 * extension.c
 *	  Where the extension's own relations are, and that they changed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/compat.h"
#include "store/extension.h"

ExtensionChanges ExtensionChanged = {1, 1, 1};

static ExtensionOids Oids;

/* Invalidations after which the OIDs may be others, and how many of them Oids was found after. */
static uint64 Told = 1;
static uint64 OidsKnow = 0;

/* Is the OID, or was it before somebody renamed or dropped the relation, one of ours? */
static bool
IsOurs(Oid relation)
{
	const Oid *oids = (const Oid *) &Oids;

	for (int i = 0; i < (int) (sizeof(Oids) / sizeof(Oid)); i++)
		if (oids[i] == relation)
			return true;
	return false;
}

/* The one callback of the library that only counts: it may look at nothing. */
static void
RelationChanged(Datum argument, Oid relation)
{
	bool all = relation == InvalidOid;

	if (all || IsOurs(relation))
		Told++;
	if (all || relation == Oids.rules)
		ExtensionChanged.rules++;
	if (all || relation == Oids.baseline)
		ExtensionChanged.baseline++;
	if (all || relation == Oids.postponed)
		ExtensionChanged.postponed++;
}

void
ExtensionInitialise(void)
{
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
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));

	if (!HeapTupleIsValid(tuple))
		return false;
	*owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return true;
}

/*
 * WarnOfMissing
 *		A relation of ours has no longer its name.  Where the extension is being made
 *		or dropped, that is as it should be; elsewhere somebody renamed or moved it, and
 *		nothing is detected.  Said once until relations change again.
 */
static void
WarnOfMissing(const char *name)
{
	static uint64 warned = 0;

	if (creating_extension || warned == Told || !OidIsValid(get_extension_oid("newterm", true)))
		return;
	warned = Told;
	ereport(WARNING,
			(errcode(ERRCODE_UNDEFINED_TABLE),
			 errmsg("there is no newterm.%s, so that newterm detects nothing", name),
			 errhint("Give the relation of the extension that was renamed or moved its name and schema back.")));
}

const ExtensionOids *
ExtensionLookup(void)
{
	if (OidsKnow != Told)
	{
		uint64 known = Told;

		memset(&Oids, 0, sizeof(Oids));
		Oids.schema = get_namespace_oid("newterm", true);
		if (!OidIsValid(Oids.schema))
			return NULL;
		Oids.rules = RelationOid("rules");
		Oids.baseline = RelationOid("baseline");
		Oids.digest_key = RelationOid("digest_key");
		Oids.known_accounts = RelationOid("known_accounts");
		Oids.own_accounts = RelationOid("own_accounts");
		Oids.lists = RelationOid("lists");
		Oids.suppressions = RelationOid("suppressions");
		Oids.unlearnings = RelationOid("unlearnings");
		Oids.rule_versions = RelationOid("rule_versions");
		Oids.version_sequence = RelationOid("rule_version_id");
		Oids.runs = RelationOid("runs");
		Oids.entity_clocks = RelationOid("entity_clocks");
		Oids.learned_values = RelationOid("learned_values");
		Oids.detection_log = RelationOid("detection_log");
		Oids.detection_sequence = RelationOid("detection_id");
		Oids.signals = RelationOid("signals");
		Oids.signal_sequence = RelationOid("signal_id");
		Oids.changes = RelationOid("changes");
		Oids.subscriptions = RelationOid("subscriptions");
		Oids.postponed = RelationOid("postponed");
		Oids.postponed_changes = RelationOid("postponed_changes");
		Oids.postponed_sequence = RelationOid("postponed_id");
		Oids.event_errors = RelationOid("event_errors");
		Oids.error_sequence = RelationOid("event_error_id");
		if (!OidIsValid(Oids.rules) || !OidIsValid(Oids.error_sequence))
		{
			WarnOfMissing(OidIsValid(Oids.rules) ? "event_error_id" : "rules");
			return NULL;
		}
		if (!OwnerOf(Oids.rules, &Oids.owner))
			return NULL;
		OidsKnow = known;
	}
	return &Oids;
}

void
ExtensionAnnouncePostponed(const ExtensionOids *oids)
{
	CacheInvalidateRelcacheByRelid(oids->postponed);
}

const ExtensionOids *
ExtensionLast(void)
{
	return &Oids;
}

const ExtensionOids *
ExtensionOfTrigger(FunctionCallInfo fcinfo, const char *function)
{
	const ExtensionOids *oids = ExtensionLookup();
	const TriggerData   *data = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || oids == NULL ||
		RelationGetNamespace(data->tg_relation) != oids->schema)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("%s is the trigger function of newterm's tables", function)));
	return oids;
}
