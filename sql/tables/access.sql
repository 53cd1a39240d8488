-- Who was given access.

CREATE TABLE newterm.access (
	role text PRIMARY KEY,
	level text NOT NULL,
	granted_by text NOT NULL DEFAULT CURRENT_USER,
	granted_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE newterm.access IS 'who was given access by newterm.grant_access(); written by that function alone';
COMMENT ON COLUMN newterm.access.role IS 'name of the role';
COMMENT ON COLUMN newterm.access.level IS 'reader, analyst or admin';
COMMENT ON COLUMN newterm.access.granted_by IS 'who gave it';
COMMENT ON COLUMN newterm.access.granted_at IS 'when it was given';
