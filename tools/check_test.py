#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks find what they are there to find: each case is a small tree with one fault."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


def run(tool, files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text, encoding="utf-8")
        done = subprocess.run([sys.executable, str(TOOLS / tool), str(root)],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout


def include(*headers):
    return SPDX + "".join(f'#include "{h}"\n' for h in headers)


class Layers(unittest.TestCase):
    def verdict(self, name, *headers):
        return run("check_layers.py", {name: include(*headers)})

    def test_lawful(self):
        for name, header in [
                ("src/agent/flow/a.cc", "agent/decode/event.h"),
                ("src/agent/l7/redis.cc", "bpf/infer/redis.h"),
                ("src/server/live/a.cc", "server/analysis/state.h"),
                ("src/server/pipeline.cc", "server/store/store.h"),
                ("src/agent/session/a_test.cc", "agent/decode/event.h"),
                ("bpf/probe/a.bpf.c", "../lib/conn.h"),
                ("bpf/lib/a.h", "vmlinux.h")]:
            code, out = self.verdict(name, header)
            self.assertEqual(code, 0, out)

    def test_broken(self):
        for name, header in [
                ("src/base/a.cc", "schema/metric.h"),
                ("src/agent/flow/a.cc", "agent/source/source.h"),
                ("src/agent/metric/a.cc", "server/tag/row.h"),
                ("src/agent/metric/a_test.cc", "server/tag/row.h"),
                ("src/server/analysis/a.cc", "server/live/live.h"),
                ("src/server/store/a.cc", "server/query/reader.h"),
                ("src/server/api/a.cc", "wire/batch.h"),
                ("src/server/api/a.cc", "api.h"),
                ("src/somewhere/a.cc", "base/result.h"),
                ("bpf/lib/a.h", "../probe/b.h"),
                ("bpf/abi/a.h", "../maps/b.h")]:
            code, out = self.verdict(name, header)
            self.assertEqual(code, 1, f"{name} includes {header}\n{out}")

    def test_comments_are_not_includes(self):
        code, out = run("check_layers.py",
                        {"src/base/a.cc": SPDX + '// #include "server/tag/row.h"\nint a;\n'})
        self.assertEqual(code, 0, out)

    def test_an_empty_tree_is_not_lawful(self):
        self.assertEqual(run("check_layers.py", {"src/README": ""})[0], 1)


class Shape(unittest.TestCase):
    def verdict(self, name, text):
        return run("check_shape.py", {name: text})

    def test_good(self):
        code, out = self.verdict("src/base/a.cc", SPDX + "int F() {\n" + "  G();\n" * 58 + "}\n")
        self.assertEqual(code, 0, out)

    def test_long_function(self):
        for head in ("int F() {", "TEST_LIKE(A, B) {", "auto F(int a) -> std::vector<int> {",
                     "namespace a {\nclass B {\n  void C(int d) const {"):
            text = SPDX + head + "\n" + "  G();\n" * 61 + "}" * head.count("{") + "\n"
            code, out = self.verdict("src/base/a.cc", text)
            self.assertEqual(code, 1, head)
            self.assertIn("function of", out)

    def test_braces_in_text_do_not_count(self):
        text = SPDX + 'const char* a = "{{{ (";\n// ) {\nint F() { return 1; }\n' + "int b;\n" * 80
        code, out = self.verdict("src/base/a.cc", text)
        self.assertEqual(code, 0, out)

    def test_long_file(self):
        self.assertEqual(self.verdict("src/base/a.cc", SPDX + "int a;\n" * 800)[0], 1)
        self.assertEqual(self.verdict("src/base/a_test.cc", SPDX + "int a;\n" * 800)[0], 0)

    def test_names_that_say_nothing(self):
        for name in ("src/base/string_util.cc", "src/common/a.cc", "web/src/helpers.ts",
                     "src/agent/flow_manager.h"):
            self.assertEqual(self.verdict(name, SPDX)[0], 1, name)
        self.assertEqual(self.verdict("src/base/commonality.cc", SPDX)[0], 0)

    def test_no_licence_line(self):
        self.assertEqual(self.verdict("src/base/a.cc", "int a;\n")[0], 1)

    def test_crowded_folder(self):
        files = {f"src/base/a{i}.cc": SPDX for i in range(26)}
        self.assertEqual(run("check_shape.py", files)[0], 1)


if __name__ == "__main__":
    unittest.main()
