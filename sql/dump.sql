-- What pg_dump takes along, and what everybody may do.

SELECT pg_catalog.pg_extension_config_dump('newterm.rule_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.rules', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.rule_version_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.rule_versions', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.digest_key', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.known_accounts', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.own_accounts', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.lists', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.pack_rules', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.suppressions', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.signal_history_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.signal_history', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.unlearning_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.unlearnings', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.runs', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.entity_clocks', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.learned_values', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.postponed_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.postponed', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.postponed_changes', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.detection_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.detection_log', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.signal_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.signals', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.change_position', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.changes', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.subscriptions', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.lease_epoch', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.deliveries', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.event_error_id', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.event_errors', '');
SELECT pg_catalog.pg_extension_config_dump('newterm.watches', '');

SELECT pg_catalog.pg_extension_config_dump('newterm.access', '');

-- loaders evaluate newterm.observe in the trigger of a watched table
GRANT USAGE ON SCHEMA newterm TO PUBLIC;
SELECT newterm.apply_access();
