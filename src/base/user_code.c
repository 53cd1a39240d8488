/*
 * user_code.c
 *	  Restricts code that users attach to newterm's tables.
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "base/user_code.h"

/*
 * A role that cannot log in and has no rights of its own beyond those of PUBLIC, but
 * for looking into the statistics of tables with contrib's functions.
 */
#define ROLE_WITHOUT_RIGHTS ROLE_PG_STAT_SCAN_TABLES

void
RestrictUserCode(UserCode *before)
{
	GetUserIdAndSecContext(&before->user, &before->security);
	before->settings = NewGUCNestLevel();
	set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION,
					  GUC_ACTION_SAVE, true, 0, false);
	SetUserIdAndSecContext(superuser_arg(before->user) ? ROLE_WITHOUT_RIGHTS : before->user,
						   before->security | SECURITY_LOCAL_USERID_CHANGE |
							   SECURITY_RESTRICTED_OPERATION);
}

void
UserCodeEnds(const UserCode *before)
{
	AtEOXact_GUC(false, before->settings);
	SetUserIdAndSecContext(before->user, before->security);
}
