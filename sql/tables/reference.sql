-- What rules look up outside the event: accounts and lists.  All are yours to fill, by COPY or INSERT.

CREATE TABLE newterm.own_accounts (
	account_id text PRIMARY KEY,
	name text,
	rule text,
	joined_at timestamptz,
	departed_at timestamptz,
	own boolean NOT NULL GENERATED ALWAYS AS (CASE WHEN departed_at IS NULL THEN true ELSE coalesce(joined_at > departed_at, false) END) STORED
);
COMMENT ON TABLE newterm.own_accounts IS 'your own AWS accounts, for $own_account and external()';
COMMENT ON COLUMN newterm.own_accounts.account_id IS 'AWS account id';
COMMENT ON COLUMN newterm.own_accounts.name IS 'what you call it';
COMMENT ON COLUMN newterm.own_accounts.rule IS 'the rule whose event decided, by its name at that time; NULL: made by hand, and no event changes it';
COMMENT ON COLUMN newterm.own_accounts.joined_at IS 'event time of the last event by which the account became yours';
COMMENT ON COLUMN newterm.own_accounts.departed_at IS 'event time of the last event by which it stopped to be';
COMMENT ON COLUMN newterm.own_accounts.own IS 'whether the account is yours: it did not depart, or joined after that';

CREATE TABLE newterm.lists (
	list text NOT NULL,
	value text NOT NULL,
	PRIMARY KEY (list, value)
);
COMMENT ON TABLE newterm.lists IS 'named lists of values, for LIST(field, list) in filters';
COMMENT ON COLUMN newterm.lists.list IS 'name of the list';
COMMENT ON COLUMN newterm.lists.value IS 'a value, or an IP address or network, in which addresses are looked for';
