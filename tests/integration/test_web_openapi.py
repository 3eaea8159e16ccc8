"""The OpenAPI document against itself, against the table of addresses, and against the running program."""

import json
import os
import re
import unittest

from harness import ROOT, main
from web import Site

METHODS = {"get", "post", "put", "delete"}
# In the document a prefix is a template.
TEMPLATES = {"/at/": "/at/{moment}.{format}", "/clip/": "/clip/{begin}..{end}.mp4", "/live/": "/live/{piece}", "/api/pins/": "/api/pins/{id}", "/captures/": "/captures/{name}"}


def load():
    with open(os.path.join(ROOT, "web", "openapi.json"), encoding="utf-8") as file:
        return json.load(file, object_pairs_hook=no_member_twice)


def no_member_twice(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def routes():
    with open(os.path.join(ROOT, "src", "web", "routes.c"), encoding="utf-8") as file:
        found = re.findall(r'\{ METHOD_(\w+), "(/[^"]+)", ROLE_(\w+), (NULL|\w+|"[^"]*"),', file.read())
    with open(os.path.join(ROOT, "src", "web", "pictures.h"), encoding="utf-8") as file:
        pictures = re.search(r'PICTURES_PARAMETERS "([^"]*)"', file.read()).group(1)
    return [(method.lower(), pattern, role, pictures if names == "PICTURES_PARAMETERS" else names.strip('"').replace("NULL", ""))
            for method, pattern, role, names in found]


class Document(unittest.TestCase):
    def setUp(self):
        self.document = load()

    def resolve(self, thing):
        while "$ref" in thing:
            _, kind, name = thing["$ref"].removeprefix("#/").split("/")
            thing = self.document["components"][kind][name]
        return thing

    def operations(self):
        for path, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            for method in METHODS & set(item):
                yield path, method, item[method], [self.resolve(one) for one in shared + item[method].get("parameters", [])]

    def test_every_reference_leads_somewhere_and_every_component_is_used(self):
        used = set(re.findall(r'"\$ref": ?"#/components/(\w+/\w+)"', json.dumps(self.document)))
        there = {f"{kind}/{name}" for kind, parts in self.document["components"].items() if kind != "securitySchemes" for name in parts}
        self.assertEqual(used, there)

    def test_each_operation_is_complete(self):
        tags = {tag["name"] for tag in self.document["tags"]}
        names = []
        for path, method, operation, parameters in self.operations():
            where = f"{method} {path}"
            names.append(operation["operationId"])
            self.assertTrue(operation["summary"], where)
            self.assertLessEqual(set(operation["tags"]), tags, where)
            self.assertTrue(any(status[0] in "23" for status in operation["responses"]), where)
            self.assertIn("4XX", operation["responses"], where)
            in_path = {one["name"] for one in parameters if one["in"] == "path"}
            self.assertEqual(in_path, set(re.findall(r"\{(\w+)\}", path)), where)
            self.assertTrue(all(one.get("required") for one in parameters if one["in"] == "path"), where)
            self.assertEqual(len(parameters), len({(one["in"], one["name"]) for one in parameters}), where)
            for answer in operation["responses"].values():
                self.assertTrue(self.resolve(answer)["description"], where)
        self.assertEqual(len(names), len(set(names)))

    def test_it_names_all_addresses_of_the_table_with_their_parameters_and_no_others(self):
        table = {(TEMPLATES.get(pattern, pattern), method): set(names.split()) for method, pattern, _, names in routes()}
        self.assertGreater(len(table), 25)
        document = {(path, method): {one["name"] for one in parameters if one["in"] == "query"} for path, method, _, parameters in self.operations()}
        del document["/api/openapi.json", "get"]  # one of the page's files
        self.assertEqual(document, table)

    def test_what_needs_no_token_says_so(self):
        open_ones = {(TEMPLATES.get(pattern, pattern), method) for method, pattern, role, _ in routes() if role == "NONE"}
        said = {(path, method) for path, method, operation, _ in self.operations() if operation.get("security") == []}
        self.assertEqual(said - {("/api/openapi.json", "get")}, open_ones)


class Program(unittest.TestCase):
    def test_it_takes_the_methods_of_the_document(self):
        document = load()
        with Site(names=()) as site:
            served = site.web.ask("/api/openapi.json")
            self.assertEqual((served.json(), served.headers["Content-Type"]), (document, "application/json"))
            for path, item in document["paths"].items():
                address = re.sub(r"\{\w+\}", "1", path)
                allowed = site.web.ask(address, "OPTIONS").headers["Allow"].lower().split(", ")
                self.assertEqual(set(allowed) - {"options", "head"}, METHODS & set(item), address)


if __name__ == "__main__":
    main()
