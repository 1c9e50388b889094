"""What well-known frameworks and drivers print of a password, as they print it."""

from __future__ import annotations

import pytest

from ansible_collections.doppelganger.ops.plugins.module_utils.text._redaction import BLANK, Redactor

PASSWORD = "s3cr3t/w0rd#42 @Zx"
URL = "postgres://clerk:s3cr3t%2Fw0rd%2342%20%40Zx@database:5432/shop"
RAW_URL = "postgres://clerk:s3cr3tA9/w0rd#42b@database:5432/shop"
#: what the env file has, the line, and what of it must not be there
LINES = {
    "Django, settings": (
        PASSWORD,
        "{'default': {'ENGINE': 'postgresql', 'PASSWORD': 's3cr3t/w0rd#42 @Zx', 'HOST': 'database'}}",
    ),
    "Django, page of an error, escaped": (PASSWORD, "&#x27;PASSWORD&#x27;: &#x27;s3cr3t/w0rd#42 @Zx&#x27;"),
    "SQLAlchemy": (
        URL,
        "sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from given URL string '" + URL + "'",
    ),
    "Python, port of a URL": (RAW_URL, "ValueError: Port could not be cast to integer value as 's3cr3tA9'"),
    "SQLAlchemy, port of a URL": (RAW_URL, "ValueError: invalid literal for int() with base 10: 's3cr3tA9'"),
    "libpq, port": (RAW_URL, 'psycopg.ProgrammingError: invalid integer value "s3cr3tA9" for connection option "port"'),
    "libpq, host": (
        "postgres://clerk:p@s3cr3tB7@database/shop",
        'could not translate host name "s3cr3tB7@database" to address: Name or service not known',
    ),
    "Rails, configuration": (
        PASSWORD,
        '#<ActiveRecord::DatabaseConfigurations::HashConfig @configuration_hash={:adapter=>"postgresql", '
        ':password=>"s3cr3t/w0rd#42 @Zx", :host=>"database"}>',
    ),
    "Rails, JSON of lograge": (PASSWORD, '{"level":"error","params":{"password":"s3cr3t\\/w0rd#42 @Zx"}}'),
    "Ruby, interpolation": ("s3cr3t#{x}#$y", '"s3cr3t\\#{x}\\#$y" (URI::InvalidURIError)'),
    "Spring Boot, JDBC": (
        "jdbc:mysql://database/shop?user=clerk&password=s3cr3t%2F9",
        "HikariPool-1 - Driver does not support jdbcUrl, jdbc:mysql://database/shop?user=clerk&password=s3cr3t/9",
    ),
    "Spring Boot, property": (
        PASSWORD,
        '    Property: spring.datasource.password\n    Value: "s3cr3t/w0rd#42 @Zx"\n    Origin: System Environment',
    ),
    "Java, URI": (RAW_URL, "java.net.URISyntaxException: Illegal character in port number at index 19: " + RAW_URL),
    "Laravel, trace with the beginnings of arguments": (
        "s3cr3t-w0rd-42-zx-99",
        "#0 Connector.php(70): PDO->__construct('pgsql:host=data...', 'clerk', 's3cr3t-w0rd-42-...', Array)",
    ),
    "Laravel, dump": (PASSWORD, '  "password" => "s3cr3t/w0rd#42 @Zx"\n  "driver" => "pgsql"'),
    "PHP, var_export": ("s3cr3t'w0rd\\42", "'password' => 's3cr3t\\'w0rd\\\\42',"),
    "Go, URL": (RAW_URL, 'parse "' + RAW_URL + '": invalid port ":s3cr3tA9" after host'),
    "Go, port alone": (RAW_URL, 'dial tcp: invalid port ":s3cr3tA9" after host'),
    "Go, driver of MySQL": (
        "clerk:s3cr3t@w0rd42@tcp(database:3306)/shop",
        "invalid DSN: did you forget to escape a param value? (clerk:s3cr3t@w0rd42@tcp(database:3306)/shop)",
    ),
    "Go, slog": (PASSWORD, 'level=ERROR msg="cannot connect" password="s3cr3t/w0rd#42 @Zx"'),
    "Node, pg": (PASSWORD, "error: { user: 'clerk', password: 's3cr3t/w0rd#42 @Zx', port: 5432 }"),
    "Node, URL": (RAW_URL, "TypeError [ERR_INVALID_URL]: Invalid URL\n  input: '" + RAW_URL + "'"),
    "Redis, in a command": (PASSWORD, 'err: WRONGPASS, command: { name: "AUTH", args: [ "s3cr3t/w0rd#42 @Zx" ] }'),
    "curl -v": ("clerk:s3cr3tw0rd42", "> Authorization: Basic Y2xlcms6czNjcjN0dzByZDQy"),
    "kubectl -o yaml": (
        PASSWORD,
        "data:\n  settings: |\n    eyJkYXRhYmFzZSI6IHsiaG9zdCI6ICJkYXRhYmFzZSIsICJwYXNzd29y\n"
        "    ZCI6ICJzM2NyM3QvdzByZCM0MiBAWngiLCAicG9ydCI6IDU0MzJ9fQ==\n",
    ),
    "URL with %20": ("my s3cr3t words", "redis://clerk:my%20s3cr3t%20words@cache:6379 is down"),
    "URL with +": ("my s3cr3t words", "GET /login?user=clerk&password=my+s3cr3t+words 401"),
    "URL with spaces": ("redis://clerk:my s3cr3t words@cache:6379", "WRONGPASS for clerk with my s3cr3t words"),
    "URL with +, of a value with spaces": ("amqp://clerk:my s3cr3t words@queue", "password=my+s3cr3t+words"),
}
PIECES = ("s3cr3t", "w0rd", "czNjcjN0", "Y2xlcms6czNj", "ZCI6ICJzM2NyM3Q")


@pytest.mark.parametrize(("value", "line"), LINES.values(), ids=LINES)
def test_what_frameworks_print_of_a_password(value: str, line: str) -> None:
    shown = Redactor([value]).text(line)
    assert BLANK in shown
    assert not [piece for piece in PIECES if piece in shown], shown
    assert line.split(" ")[0] == shown.split(" ")[0] or BLANK in shown.split(" ")[0]
