# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a database has of its own beside its content, of which a dump carries nothing: SQL that gives it to another.

The server writes the statements and runs them itself: it quotes best, and a setting's value may be a secret, which so
gets neither into an argument list nor into a message.
"""

from __future__ import annotations


def quoted(identifier: str) -> str:
    """An SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string."""
    return "'" + text.replace("'", "''") + "'"


#: columns that a version does not have are NULL this way; the locale's provider came with 15, its rules with 16
_CREATE = """
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L',
 side, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, datctype)
|| CASE j->>'datlocprovider' WHEN 'c' THEN ' LOCALE_PROVIDER libc'
 WHEN 'i' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', coalesce(j->>'datlocale', j->>'daticulocale'))
 WHEN 'b' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', j->>'datlocale') ELSE '' END
|| coalesce(' ICU_RULES ' || quote_literal(j->>'daticurules'), '')
|| CASE spcname WHEN 'pg_default' THEN '' ELSE format(' TABLESPACE %I', spcname) END
FROM d JOIN pg_tablespace t ON t.oid = dattablespace, to_jsonb(d) j
"""

#: those that a new database comes with go first; what somebody else than its owner granted is the owner's grant then
_PRIVILEGES = """
SELECT 1 AS turn, 'its privileges' AS what,
 format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', side, pg_get_userbyid(datdba)) AS sql
FROM d WHERE datacl IS NOT NULL
UNION ALL SELECT 2, format('the privilege %s of %s', privilege_type, who),
 format('GRANT %s ON DATABASE %I TO %s', privilege_type, side, who)
 || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
FROM d, aclexplode(datacl), LATERAL (SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END) w(who)
"""

#: a list is stored as quoted identifiers, and quoted as a whole it would be one name; every other value is one string
_SETTINGS = """
SELECT 3, format('the setting %s of %s', name, CASE setrole WHEN 0 THEN 'all roles' ELSE setrole::regrole::text END),
 CASE setrole WHEN 0 THEN format('ALTER DATABASE %I', side)
 ELSE format('ALTER ROLE %s IN DATABASE %I', setrole::regrole, side) END || format(' SET %I TO ', name)
 || CASE WHEN name IN ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
 THEN coalesce((SELECT string_agg(quote_literal(coalesce(replace(part[1], '""', '"'), part[2])), ', ' ORDER BY n)
 FROM regexp_matches(value, '"((?:[^"]|"")*)"|([^", ]+)', 'g') WITH ORDINALITY p(part, n)), quote_literal(''))
 ELSE quote_literal(value) END
FROM d JOIN pg_db_role_setting ON setdatabase = d.oid, unnest(setconfig) entry,
 LATERAL (SELECT split_part(entry, '=', 1), substr(entry, strpos(entry, '=') + 1)) s(name, value)
"""

_OTHERS = """
SELECT 4, 'its connection limit', format('ALTER DATABASE %I CONNECTION LIMIT %s', side, datconnlimit) FROM d
UNION ALL SELECT 4, 'its comment', format('COMMENT ON DATABASE %I IS %L', side, shobj_description(oid, 'pg_database'))
FROM d
"""


def creating(real: str, side: str) -> str:
    """A query for the statement that creates a database with another's owner, encoding, locale and tablespace."""
    return f"{_pair(real, side)}{_CREATE}".strip()


def keeping(real: str, side: str) -> str:
    """A statement that gives a new database another's privileges, settings, connection limit and comment.

    It raises with all that the user may not give, and may run in a transaction.
    """
    body = f"""
DECLARE step record; lost text := '';
BEGIN
FOR step IN {_pair(real, side)}
{_PRIVILEGES} UNION ALL {_SETTINGS} UNION ALL {_OTHERS} ORDER BY turn
LOOP
BEGIN EXECUTE step.sql;
EXCEPTION WHEN OTHERS THEN lost := lost || format('; %s (%s)', step.what, SQLERRM);
END;
END LOOP;
IF lost <> '' THEN RAISE EXCEPTION '%', substr(lost, 3); END IF;
END
"""
    return "DO " + literal(body)


def _pair(real: str, side: str) -> str:
    return f"WITH d AS (SELECT *, {literal(side)}::text AS side FROM pg_database WHERE datname = {literal(real)})"  # noqa: S608 literal() quotes
