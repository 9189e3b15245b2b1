#!/usr/bin/env python3
"""Compare our de-identification with dicom-anonymizer and idiscore.

  deid_vs_peers.py TABLE
  deid_vs_peers.py TABLE ORIGINALS DEIDENTIFIED

TABLE is casebank/dicom/src/deid/tables/annex_e.txt. The first form compares it attribute by attribute: the basic action with
the newest table of dicom-anonymizer, the options with those of idiscore (which is of an older edition: attributes it does not
know are only counted). The second form pairs the objects of two folders by their pixels, runs dicom-anonymizer on each
original, and reports for each attribute of its table what we did that its action does not allow, and which attributes it
removes and we keep. DEIDENTIFIED must come from a run without options.

Exit 1 if an action differs or something is kept that should be gone. Needs dicom-anonymizer, idiscore, pydicom.
"""
import argparse
import ast
import hashlib
import importlib
import importlib.util
import os
import sys
from collections import Counter

CATEGORIES = {
    "D_TAGS": "D", "Z_TAGS": "Z", "X_TAGS": "X", "U_TAGS": "U", "Z_D_TAGS": "Z/D", "X_Z_TAGS": "X/Z", "X_D_TAGS": "X/D",
    "X_Z_D_TAGS": "X/Z/D", "X_Z_U_STAR_TAGS": "X/Z/U*",
}
# What may become of a value that is not empty.
ALLOWED = {
    "D": {"changed"}, "Z": {"empty", "changed"}, "X": {"removed"}, "U": {"changed"}, "Z/D": {"empty", "changed"},
    "X/Z": {"removed", "empty"}, "X/D": {"removed", "empty", "changed"}, "X/Z/D": {"removed", "empty", "changed"},
    "X/Z/U*": {"removed", "empty", "changed"},
}
# Codes of CID 7050 to the columns of our table.
OPTIONS = {
    "113110": "uids", "113109": "device", "113112": "institution", "113108": "patient", "113106": "full",
    "113107": "modified", "113105": "descriptors", "113104": "structured", "113103": "graphics",
}


def idiscore_options():
    """Option, tag and action, read from the source: the package itself does not load beside today's pydicom."""
    path = os.path.join(os.path.dirname(importlib.util.find_spec("idiscore").origin), "_public_dicom.py")
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if getattr(call.func, "id", "") != "RawNemaRuleSet":
            continue
        words = {keyword.arg: keyword.value for keyword in call.keywords}
        column = OPTIONS.get(words["code"].value)
        for rule in words["rules"].elts if column else []:
            identifier, action = rule.elts
            tag = identifier.args[0].value.lower() if identifier.args else ""
            yield column, tag.replace(",", ""), {"KEEP": "K", "CLEAN": "C"}.get(action.attr, action.attr)


def ours(path):
    rows = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                continue
            tag, action, options, name = line.rstrip("\n").split("\t")
            rows[tag] = (action, dict(word.split("=") for word in options.split(" ") if word != "-"), name)
    return rows


def anonymizer_table():
    module = importlib.import_module("dicomanonymizer.dicom_anonymization_databases.dicomfields_2026c")
    rows = {}
    for category, action in CATEGORIES.items():
        for tag in getattr(module, category):
            if len(tag) == 2:
                rows["%04x%04x" % tag] = action
            else:
                rows["50xxxxxx" if tag[0] == 0x5000 else "60xx%04x" % tag[1]] = action
    return rows


def compare_tables(path):
    rows, theirs = ours(path), anonymizer_table()
    wrong = 0
    for tag in sorted(set(rows) | set(theirs)):
        mine = rows.get(tag, (None,))[0]
        if mine != theirs.get(tag) and tag != "private":
            print(f"  {tag}: ours {mine}, dicom-anonymizer {theirs.get(tag)}")
            wrong += 1
    print(f"basic actions: {len(rows)} lines here, {len(theirs)} in dicom-anonymizer 2026c, {wrong} differ")

    unknown, options_wrong, same = 0, 0, 0
    for column, tag, action in idiscore_options():
        if tag not in rows:
            unknown += 1
        elif rows[tag][1].get(column) == action:
            same += 1
        else:
            print(f"  {tag} {rows[tag][2]}: {column} ours {rows[tag][1].get(column)}, idiscore {action}")
            options_wrong += 1
    print(f"options: {same} agree with idiscore, {options_wrong} differ, {unknown} are not in our table")
    return wrong


def objects(folder):
    import pydicom

    for root, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(root, name)
            try:
                data = pydicom.dcmread(path)
            except Exception:
                continue
            if "PixelData" in data:
                yield path, data, hashlib.sha256(data.PixelData).hexdigest()


def what_became(before, after, tag):
    if tag not in after:
        return "removed"
    if after[tag].VR == "SQ":
        return "empty" if len(after[tag].value) == 0 else ("same" if after[tag] == before[tag] else "changed")
    if after[tag].is_empty:
        return "empty"
    return "same" if after[tag].value == before[tag].value else "changed"


def compare_objects(table, originals, deidentified):
    import pydicom
    from dicomanonymizer import anonymize_dataset
    from dicomanonymizer.simpledicomanonymizer import initialize_actions

    theirs_table = anonymizer_table()
    done = {digest: data for _, data, digest in objects(deidentified)}
    wrong, outcomes, only_theirs, pairs, attributes = Counter(), Counter(), Counter(), 0, 0
    for path, before, digest in objects(originals):
        after = done.get(digest)
        if after is None:
            continue
        pairs += 1
        for element in before:
            action = theirs_table.get("%04x%04x" % (element.tag.group, element.tag.element))
            if element.tag.is_private:
                action = "X"
            if action is None or element.is_empty or element.tag in (0x00120062, 0x00120063, 0x00120064):
                continue
            outcome = what_became(before, after, element.tag)
            attributes += 1
            outcomes[action, outcome] += 1
            if outcome not in ALLOWED[action]:
                wrong[f"{element.tag} {element.name}: {action}, but {outcome}"] += 1
        theirs = pydicom.dcmread(path)
        try:
            anonymize_dataset(theirs, base_rules_gen=lambda: initialize_actions("dicomfields_2026c"))
        except Exception as error:
            print(f"  dicom-anonymizer fails on one object: {error}")
            continue
        for element in after:
            if element.tag in before and element.tag not in theirs:
                only_theirs[f"{element.tag} {element.name}"] += 1
    print(f"{pairs} pairs, {attributes} attributes of the table")
    for (action, outcome), count in sorted(outcomes.items()):
        print(f"  {action}: {outcome} {count}")
    for what, count in sorted(wrong.items()):
        print(f"  WRONG {what} in {count} objects")
    for what, count in sorted(only_theirs.items()):
        print(f"  kept here, removed by dicom-anonymizer: {what} in {count} objects")
    return len(wrong) + (pairs == 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table")
    parser.add_argument("originals", nargs="?")
    parser.add_argument("deidentified", nargs="?")
    arguments = parser.parse_args()
    wrong = compare_tables(arguments.table)
    if arguments.deidentified:
        wrong += compare_objects(arguments.table, arguments.originals, arguments.deidentified)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
