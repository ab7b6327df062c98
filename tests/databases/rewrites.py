"""Rewrite tables as migrations and reloads do, also while an export waits for them."""

import threading

import psycopg
from local import sample

from doseexport.errors import ExportError
from tests.component.exporting import export


def alter_type(connection, table):
    connection.execute(f"ALTER TABLE {table} ALTER COLUMN id TYPE bigint")


def truncate_and_reload(connection, table):
    connection.execute(f"CREATE TEMPORARY TABLE saved AS TABLE {table}")
    connection.execute(f"TRUNCATE {table}")
    connection.execute(f"INSERT INTO {table} TABLE saved")


def drop_and_create(connection, table):
    connection.execute(f"CREATE TEMPORARY TABLE saved AS TABLE {table}")
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"CREATE TABLE {table} AS TABLE saved")


def swap(connection, table):
    connection.execute(f"CREATE TABLE reloaded AS TABLE {table}")
    connection.execute(f"DROP TABLE {table}")
    connection.execute(f"ALTER TABLE reloaded RENAME TO {table}")


def add_column(connection, table):
    connection.execute(f"ALTER TABLE {table} ADD COLUMN added double precision DEFAULT random()")


# In this order, each can follow the ones before it, which leave the table fewer keys.
REWRITES = (alter_type, add_column, truncate_and_reload, drop_and_create, swap)


def make_template(postgres, name):
    """Return the URL of a small database without foreign keys, so that each table can be rewritten alone."""
    url = postgres.create_database(name)
    sample.fill(url, 60)
    with psycopg.connect(url, autocommit=True) as connection:
        keys = connection.execute(
            "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'f'"
        ).fetchall()
        for table, key in keys:
            connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{key}"')
    return url


def is_waiting(connection):
    """Return whether a session of the export waits for a lock, or sleeps between two attempts."""
    found = connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'doseexport'"
        " AND datname = current_database() AND (wait_event_type = 'Lock' OR query = 'ROLLBACK')"
    ).fetchone()
    return found[0] > 0


def export_meanwhile(url, kind, act, *, commits=True):
    """Begin a transaction that acts on the database, start an export, and end it once the export waits.

    Return the bytes of the file, or the error.
    """
    done = []

    def run():
        try:
            done.append(export(url, type=kind)[0])
        except ExportError as error:
            done.append(error)

    thread = threading.Thread(target=run)
    with psycopg.connect(url, autocommit=True) as watcher, psycopg.connect(url) as holder:
        act(holder)
        thread.start()
        while not is_waiting(watcher) and not done:
            thread.join(0.02)
        holder.commit() if commits else holder.rollback()
    thread.join()
    return done[0]
