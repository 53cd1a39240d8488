/*
 * fault.c
 *	  Which errors newterm may swallow so that an insert does not fail.
 */
#include "postgres.h"

#include "fault.h"
#include "newterm.h"

bool
ErrorIsFinal(int sqlerrcode)
{
	return OnErrorSetting == ON_ERROR_FAIL ||
		sqlerrcode == ERRCODE_QUERY_CANCELED ||
		ERRCODE_TO_CATEGORY(sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION;
}
