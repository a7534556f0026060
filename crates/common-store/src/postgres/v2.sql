-- Version 2: a lease ends, too, when the clock is set back to before it, by more than its own length.
-- Otherwise a clock that was ahead for a moment would keep a lease of a dead holder for as long as
-- it was ahead.

-- The earliest moment at which the lease holds.
ALTER TABLE leases ADD COLUMN since timestamptz NOT NULL DEFAULT '-infinity';

CREATE FUNCTION lasts(_since timestamptz, _until timestamptz, _now timestamptz)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT _since <= _now AND _now < _until
$$;

CREATE OR REPLACE FUNCTION hold_lease(_name text, _fence bigint, _now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF _name IS NULL THEN
        RETURN;
    END IF;
    PERFORM FROM leases
        WHERE name = _name AND fence = _fence AND lasts(since, until, moment(_now))
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lease is lost' USING ERRCODE = 'LL001';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION acquire_lease(_name text, _holder text, _ttl interval, _now timestamptz)
RETURNS TABLE (new_fence bigint, new_until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    _standing leases;
BEGIN
    PERFORM lock_name('lease', _name);
    -- Waits for whoever writes under it.
    SELECT l.* INTO _standing FROM leases l WHERE l.name = _name FOR UPDATE;
    IF lasts(_standing.since, _standing.until, moment(_now)) AND _standing.holder <> _holder THEN
        RETURN;
    END IF;
    RETURN QUERY
        INSERT INTO leases AS l (name, holder, fence, since, until)
            VALUES (
                _name, _holder, nextval('fences'), moment(_now) - _ttl, moment(_now) + _ttl
            )
            ON CONFLICT (name) DO UPDATE
            SET holder = excluded.holder, fence = excluded.fence,
                since = excluded.since, until = excluded.until
            RETURNING l.fence, l.until;
END $$;
