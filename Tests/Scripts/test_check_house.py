"""Shows that each check of scripts/check-house can fail: python3 Tests/Scripts/test_check_house.py"""

import pathlib
import subprocess
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts/check-house"

# A repository that passes.
MANIFEST = """
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let package = Package(targets: [
    .target(name: "Workflow", dependencies: [logging]),
    // Above Workflow (see the order).
    .target(name: "Store", dependencies: ["Workflow", .product(name: "DequeModule", package: "swift-collections")]),
    .testTarget(name: "StoreTests", dependencies: ["Store"]),
])
"""
TABLES = """
CREATE TABLE pressroom.tenants (tenant_id text PRIMARY KEY);
CREATE TABLE pressroom.tasks ( -- not UNIQUE (id)
    tenant_id text NOT NULL REFERENCES pressroom.tenants,
    id        uuid NOT NULL DEFAULT gen_random_uuid(),
    price     numeric(8, 2) CHECK (price IN (coalesce(1, 2), 3)),
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 60);
CREATE TABLE pressroom.pending_events (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id text NOT NULL);
CREATE TABLE pressroom.processors (id uuid PRIMARY KEY);
CREATE TABLE pressroom.api_keys (tenant_id text NOT NULL, id uuid NOT NULL, key_id text UNIQUE, PRIMARY KEY (tenant_id, id));
"""
GUARDS = """
SELECT pressroom.define_row_json('pressroom.tasks', 'task');
CREATE FUNCTION pressroom.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE OR REPLACE FUNCTION pressroom.touch() …';
END $$;
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.tasks FOR EACH ROW EXECUTE FUNCTION pressroom.touch();
CREATE TRIGGER guard BEFORE UPDATE ON pressroom.tenants FOR EACH ROW EXECUTE FUNCTION pressroom.touch();
"""
FILES = {
    "Package.swift": MANIFEST,
    "migrations/0001_tables.up.sql": TABLES,
    "migrations/0002_guards.up.sql": GUARDS,
    "Sources/Workflow/Task.swift": "import Foundation\npackage import Logging\n",
    "Sources/Store/Store.swift": "import struct DequeModule.Deque\n@preconcurrency import Workflow\n",
    "Tests/StoreTests/StoreTests.swift": "@testable import Store\nimport Testing\n",
}


class CheckHouseTests(unittest.TestCase):
    def run_with(self, changes):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in {**FILES, **changes}.items():
                path = pathlib.Path(directory, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            return subprocess.run([SCRIPT, directory], capture_output=True, text=True, check=False)

    def expect(self, finding, changes):
        """One check fails, with one finding."""
        with self.subTest(finding):
            run = self.run_with(changes)
            found = [line.strip() for line in run.stdout.splitlines() if line.startswith("    ")]
            self.assertEqual(found, [finding], run.stdout + run.stderr)
            self.assertEqual(run.stdout.splitlines()[-1], "6 passed, 1 failed")
            self.assertEqual(run.returncode, 1)

    def test_a_sound_repository_passes(self):
        run = self.run_with({})
        self.assertEqual(run.stdout.splitlines()[-2:], ["Sources: 2 files, median 2 lines", "7 passed, 0 failed"], run.stdout)
        self.assertEqual(run.returncode, 0)

    def test_imports(self):
        store = FILES["Sources/Store/Store.swift"]
        self.expect("Sources/Store/Extra.swift imports NIOCore, which Package.swift does not declare for Store",
                    {"Sources/Store/Extra.swift": "package import NIOCore\n"})
        self.expect("Package.swift declares DequeModule for Store, which no file of it imports",
                    {"Sources/Store/Store.swift": store.replace("DequeModule.Deque", "Foundation.URL")})
        self.expect("Sources/Workflow/Up.swift: Workflow imports Store, which is not below it",
                    {"Sources/Workflow/Up.swift": "import Store\n",
                     "Package.swift": MANIFEST.replace('dependencies: [logging]', 'dependencies: [logging, "Store"]')})
        self.expect("Attic has no place in the order of targets; add it to ORDER in scripts/check-house",
                    {"Package.swift": MANIFEST.replace("targets: [", 'targets: [.target(name: "Attic"),')})

    def test_definitions(self):
        first, second = "migrations/0002_guards.up.sql", "migrations/0003_more.up.sql"
        self.expect(f"touch is defined in {first} and {second}",
                    {second: "CREATE OR REPLACE FUNCTION pressroom.touch() RETURNS trigger LANGUAGE sql AS $$ $$;"})
        self.expect(f"task_json is defined in {first} and {second}",
                    {second: "CREATE FUNCTION pressroom.task_json(r pressroom.tasks) RETURNS json LANGUAGE sql AS $$ $$;"})
        self.expect(f"guard of tasks is defined in {first} and {second}",
                    {second: "CREATE TRIGGER guard AFTER INSERT ON pressroom.tasks EXECUTE FUNCTION pressroom.touch();"})

    def test_keys(self):
        place = "migrations/0003_more.up.sql"
        table = "CREATE TABLE pressroom.notes (\n    tenant_id text NOT NULL,\n    id uuid%s,\n    task_id uuid%s\n);"
        for key, kind, columns in [
            (table % (" PRIMARY KEY", ""), "PRIMARY KEY", "id"),
            (table % ("", " CHECK (task_id IN ('', ',')) REFERENCES pressroom.tasks"), "REFERENCES", "task_id"),
            (table % ("", ",\n    UNIQUE (id, tenant_id)"), "UNIQUE", "id, tenant_id"),
            (table % ("", ",\n    CONSTRAINT f FOREIGN KEY (id) REFERENCES pressroom.tasks (id)"), "FOREIGN KEY", "id"),
            (table % ("", "") + "\nCREATE UNIQUE INDEX notes_id ON pressroom.notes USING btree (id);", "UNIQUE INDEX", "id"),
            (table % ("", "") + "\nALTER TABLE pressroom.notes ADD CONSTRAINT u UNIQUE (id);", "UNIQUE", "id"),
        ]:
            self.expect(f"{place}: {kind} ({columns}) of notes does not lead with tenant_id", {place: key})
        self.expect("scripts/check-house excuses the key (id) of pending_events, which does not exist",
                    {"migrations/0001_tables.up.sql": TABLES.replace(" IDENTITY PRIMARY KEY", " IDENTITY")})

    def test_files(self):
        self.expect("several files are named Task.swift: Sources/Store/Task.swift, Sources/Workflow/Task.swift",
                    {"Sources/Store/Task.swift": ""})
        self.expect("Sources/Store/Long.swift has 501 lines", {"Sources/Store/Long.swift": "\n" * 501})


if __name__ == "__main__":
    unittest.main()
