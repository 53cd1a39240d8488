-- newterm.own_accounts, kept current by the events of AWS Organizations.

-- What is entered by hand takes the place of what events entered.
CREATE OR REPLACE FUNCTION newterm.account_entered() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	IF TG_RELID <> 'newterm.own_accounts'::regclass THEN
		RAISE EXCEPTION 'newterm.account_entered is the trigger function of newterm.own_accounts'
			USING ERRCODE = 'trigger_protocol_violated';
	ELSIF NEW.rule IS NULL THEN
		DELETE FROM newterm.own_accounts a WHERE a.account_id = NEW.account_id AND a.rule IS NOT NULL;
	END IF;
	RETURN NEW;
END
$$;
COMMENT ON FUNCTION newterm.account_entered() IS 'trigger function of newterm.own_accounts: makes way for an account that is entered by hand';
REVOKE ALL ON FUNCTION newterm.account_entered() FROM PUBLIC;

-- AWS writes the two events since May 2026; before that, CreateAccountResult told of accounts that were made and
-- RemoveAccountFromOrganization of those that were sent away.
CREATE OR REPLACE FUNCTION newterm.organization_rules() RETURNS TABLE (name text, own_accounts text, title text, filter text, field text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
	VALUES
	('own-accounts-join', 'join', 'account {{term}} joined the organization',
		'eventSource:organizations.amazonaws.com (eventName:AccountJoinedOrganization'
		' OR (eventName:CreateAccountResult serviceEventDetails.createAccountStatus.state:SUCCEEDED))',
		'coalesce(serviceEventDetails.createAccountStatus.accountId, serviceEventDetails.accountId, serviceEventDetails.memberAccountId, requestParameters.accountId)'),
	('own-accounts-depart', 'depart', 'account {{term}} departed from the organization',
		'eventSource:organizations.amazonaws.com (eventName:AccountDepartedOrganization'
		' OR (eventName:RemoveAccountFromOrganization -errorCode:*))',
		'coalesce(serviceEventDetails.accountId, serviceEventDetails.memberAccountId, requestParameters.accountId)')
$$;
COMMENT ON FUNCTION newterm.organization_rules() IS 'the rules that follow_organization makes';
REVOKE ALL ON FUNCTION newterm.organization_rules() FROM PUBLIC;

CREATE OR REPLACE FUNCTION newterm.follow_organization(management_account text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET newterm.lint = off AS $$
DECLARE
	made record;
	wanted text;
BEGIN
	IF management_account !~ '^[0-9]{12}$' THEN
		RAISE EXCEPTION 'management_account is no AWS account id' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'It is the 12 digits of the organization''s management account, or NULL for any.';
	END IF;
	FOR made IN SELECT * FROM newterm.organization_rules() LOOP
		wanted := concat_ws(' ', 'recipientAccountId:' || management_account, made.filter);
		IF EXISTS (SELECT FROM newterm.rules r WHERE r.name = made.name) THEN
			PERFORM newterm.alter_rule(made.name, jsonb_build_object('filter', wanted, 'own_accounts', made.own_accounts, 'enabled', true));
		ELSE
			PERFORM newterm.create_rule(made.name, ARRAY[made.field], wanted, learning_values => 0, forget_after => NULL,
				granule => '1 microsecond', severity => 'low', title => made.title, mode => 'observe', own_accounts => made.own_accounts);
		END IF;
	END LOOP;
END
$$;
COMMENT ON FUNCTION newterm.follow_organization(text)
	IS 'keeps newterm.own_accounts current by events of AWS Organizations from now on, by two rules; of one management account alone where it is given';

CREATE OR REPLACE FUNCTION newterm.unfollow_organization() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
	PERFORM newterm.disable_rule(r.name) FROM newterm.rules r
	WHERE r.name IN (SELECT o.name FROM newterm.organization_rules() o);
END
$$;
COMMENT ON FUNCTION newterm.unfollow_organization() IS 'disables the rules of newterm.follow_organization(); newterm.own_accounts stays as it is';
