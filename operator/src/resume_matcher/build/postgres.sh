# Starts PostgreSQL. Works with the official image and with Debian's packages, as any user, on a read-only root.
# Debian keeps the programs of each version in a folder of their own, outside the PATH.
for folder in /usr/lib/postgresql/*/bin; do
  if [ -d "$folder" ]; then PATH="$folder:$PATH"; fi
done
export PATH
umask 0077
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # Made beside its place and then renamed: a start that is killed half-way leaves nothing that looks like a database.
  rm -rf "$PGDATA.new"
  initdb --pgdata="$PGDATA.new" --username=postgres --pwfile="$CREDENTIALS/superuserPassword" \
    --auth-local=scram-sha-256 --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums
  mv "$PGDATA.new" "$PGDATA"
fi
# The kubelet gives the group write access to volumes, which PostgreSQL refuses for its data.
chmod 0700 "$PGDATA"
single() { postgres --single -D "$PGDATA" "$1" >/dev/null; }
# The Secret says what the password is, also after it was changed or lost. The password goes through a pipe and never
# onto a command line.
password=$(cat "$CREDENTIALS/superuserPassword")
single postgres <<END
ALTER ROLE postgres PASSWORD '$password';
END
if [ ! -e "$PGDATA.created" ]; then
  # Fails when the database is there already, that is after a start that was killed before the mark was set.
  echo "CREATE DATABASE resumematcher;" | single postgres || true
  echo "SELECT 1;" | single resumematcher
  : > "$PGDATA.created"
fi
exec postgres -D "$PGDATA" -c config_file=/etc/resume-matcher/postgresql.conf -c hba_file=/etc/resume-matcher/pg_hba.conf
