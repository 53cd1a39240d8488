-- What rules look up outside the event: accounts and lists.  All are yours to fill, by COPY or INSERT.

CREATE TABLE newterm.own_accounts (
	account_id text PRIMARY KEY,
	name text
);
COMMENT ON TABLE newterm.own_accounts IS 'your own AWS accounts, for $own_account and external()';
COMMENT ON COLUMN newterm.own_accounts.account_id IS 'AWS account id';
COMMENT ON COLUMN newterm.own_accounts.name IS 'what you call it';

CREATE TABLE newterm.lists (
	list text NOT NULL,
	value text NOT NULL,
	PRIMARY KEY (list, value)
);
COMMENT ON TABLE newterm.lists IS 'named lists of values, for LIST(field, list) in filters';
COMMENT ON COLUMN newterm.lists.list IS 'name of the list';
COMMENT ON COLUMN newterm.lists.value IS 'a value, or an IP address or network, in which addresses are looked for';
