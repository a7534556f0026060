-- Version 1 of the tables and functions. A version that was released never changes: the next one
-- is a file of its own, with the steps from the version before.
--
-- Every operation of the store is one statement, most often one call of a function below. It is
-- its own transaction, so that no lock outlives it: a process that is stopped or loses its
-- network keeps nobody waiting. `_now` is given by tests; else the clock of the server decides.
-- Locks are taken in the order lease, journal or name, rows.

CREATE TABLE journals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    -- The last place that was given.
    last bigint NOT NULL
);

CREATE TABLE entries (
    journal bigint NOT NULL,
    place bigint NOT NULL,
    acknowledged boolean NOT NULL DEFAULT false,
    payload bytea NOT NULL,
    PRIMARY KEY (journal, place)
);
CREATE INDEX entries_open ON entries (journal, place) WHERE NOT acknowledged;

CREATE TABLE records (
    key text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    expires_at timestamptz,
    value bytea NOT NULL
);
CREATE INDEX records_by_end ON records (expires_at) WHERE expires_at IS NOT NULL;
CREATE SEQUENCE versions;

CREATE TABLE leases (
    name text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    fence bigint NOT NULL,
    until timestamptz NOT NULL
);
CREATE SEQUENCE fences;

CREATE TABLE limits (
    key text COLLATE "C" PRIMARY KEY,
    log text NOT NULL
);

CREATE FUNCTION moment(_now timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(_now, clock_timestamp())
$$;

-- Waits until nobody else works on what may not be there yet, so that no row can be locked.
CREATE FUNCTION lock_name(_kind text, _name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(
        hashtextextended(concat_ws('/', current_schema(), _kind, _name), 0)
    );
END $$;

-- Keeps a lease with its holder until the end of the transaction, or fails. Whoever takes it over
-- waits for this transaction, so that nothing is ever written after a takeover.
CREATE FUNCTION hold_lease(_name text, _fence bigint, _now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF _name IS NULL THEN
        RETURN;
    END IF;
    PERFORM FROM leases
        WHERE name = _name AND fence = _fence AND until > moment(_now)
        FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lease is lost' USING ERRCODE = 'LL001';
    END IF;
END $$;

-- Answers the last place given. The lock on the journal's row is held until the commit: places
-- become visible in their order, and a reader that goes on behind the last one it saw misses none.
CREATE FUNCTION append(
    _journal text, _payloads bytea[], _lease text, _fence bigint, _now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _count bigint := cardinality(_payloads);
    _id bigint;
    _last bigint;
BEGIN
    PERFORM hold_lease(_lease, _fence, _now);
    INSERT INTO journals AS j (name, last) VALUES (_journal, _count)
        ON CONFLICT (name) DO UPDATE SET last = j.last + _count
        RETURNING j.id, j.last INTO _id, _last;
    INSERT INTO entries (journal, place, payload)
        SELECT _id, _last - _count + p.number, p.payload
        FROM unnest(_payloads) WITH ORDINALITY AS p (payload, number);
    RETURN _last;
END $$;

CREATE FUNCTION acknowledge(
    _journal text, _places bigint[], _lease text, _fence bigint, _now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    _marked bigint;
BEGIN
    PERFORM hold_lease(_lease, _fence, _now);
    -- Rows are locked in one order by all, so that two callers do not wait for each other.
    WITH open AS (
        SELECT e.journal, e.place FROM entries e
        WHERE e.journal = (SELECT id FROM journals WHERE name = _journal)
            AND e.place = ANY (_places) AND NOT e.acknowledged
        ORDER BY e.place FOR UPDATE
    )
    UPDATE entries e SET acknowledged = true FROM open
        WHERE e.journal = open.journal AND e.place = open.place;
    GET DIAGNOSTICS _marked = ROW_COUNT;
    RETURN _marked;
END $$;

-- Changes a record and answers the version in `done`, or answers what stands there instead, with
-- NULL everywhere for nothing. Without `_value` the record is removed.
CREATE FUNCTION swap_record(
    _key text, _absent boolean, _version bigint, _value bytea, _expires_at timestamptz,
    _lease text, _fence bigint, _now timestamptz,
    OUT done bigint, OUT standing_value bytea, OUT standing_version bigint,
    OUT standing_until timestamptz
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM hold_lease(_lease, _fence, _now);
    PERFORM lock_name('record', _key);
    SELECT r.value, r.version, r.expires_at
        INTO standing_value, standing_version, standing_until
        FROM records r
        WHERE r.key = _key AND (r.expires_at IS NULL OR r.expires_at > moment(_now));
    IF (_absent AND standing_version IS NOT NULL)
        OR (_version IS NOT NULL AND _version IS DISTINCT FROM standing_version) THEN
        RETURN;
    END IF;
    standing_value := NULL;
    done := nextval('versions');
    IF _value IS NULL THEN
        DELETE FROM records WHERE key = _key;
    ELSE
        INSERT INTO records AS r (key, version, expires_at, value)
            VALUES (_key, done, _expires_at, _value)
            ON CONFLICT (key) DO UPDATE
            SET version = done, expires_at = _expires_at, value = _value;
    END IF;
END $$;

-- Gives a lease to a holder, or no row while another one has it. The fence is drawn behind the
-- lock, so that fences grow in the order of the takeovers.
CREATE FUNCTION acquire_lease(_name text, _holder text, _ttl interval, _now timestamptz)
RETURNS TABLE (new_fence bigint, new_until timestamptz) LANGUAGE plpgsql AS $$
DECLARE
    _standing leases;
BEGIN
    PERFORM lock_name('lease', _name);
    -- Waits for whoever writes under it.
    SELECT l.* INTO _standing FROM leases l WHERE l.name = _name FOR UPDATE;
    IF _standing.until > moment(_now) AND _standing.holder <> _holder THEN
        RETURN;
    END IF;
    RETURN QUERY
        INSERT INTO leases AS l (name, holder, fence, until)
            VALUES (_name, _holder, nextval('fences'), moment(_now) + _ttl)
            ON CONFLICT (name) DO UPDATE
            SET holder = excluded.holder, fence = excluded.fence, until = excluded.until
            RETURNING l.fence, l.until;
END $$;
