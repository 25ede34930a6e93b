//! The OpenAPI document: checked in as it is made, whole, and leading nowhere false.
use super::*;
use crate::problems::PROBLEMS;
use serde_json::Value;

/// Run with WAXSEAL_UPDATE=1 to write the document anew.
#[test]
fn the_document_that_is_checked_in_is_the_one_that_is_made() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../docs/openapi.json");
    if std::env::var_os("WAXSEAL_UPDATE").is_some() {
        std::fs::write(path, openapi()).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        kept == openapi(),
        "docs/openapi.json is not up to date: WAXSEAL_UPDATE=1 cargo test -p api writes it"
    );
}

fn each_operation(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    each.collect()
}

#[test]
fn every_operation_is_documented_with_its_problems() {
    let document: Value = serde_json::from_str(openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let each = each_operation(&document);
    assert_eq!(each.len(), OF_EACH.len());
    for (name, operation) in &each {
        let id = operation["operationId"].as_str().unwrap();
        assert!(OF_EACH.iter().any(|(of, _)| *of == id), "{name}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{name}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
        }
        let of_app = name.contains(" /v1/");
        assert_eq!(operation["responses"].get("401").is_some(), of_app, "{name}");
        assert_eq!(operation.get("security").is_none(), of_app, "{name}");
    }
}

#[test]
fn the_problems_that_are_named_exist_and_all_but_general_ones_are_named() {
    let named: Vec<&str> =
        OF_EACH.iter().flat_map(|(_, names)| names.iter().copied().flatten().copied()).collect();
    for name in &named {
        assert!(problem(name).is_some(), "{name}");
    }
    for listed in PROBLEMS.iter().filter(|listed| listed.name != "method-not-allowed") {
        assert!(named.contains(&listed.name), "{}", listed.name);
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get("$ref").and_then(Value::as_str));
                members.values().for_each(|value| walk(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| walk(value, found)),
            _ => {}
        }
    }
    let document: Value = serde_json::from_str(openapi()).unwrap();
    let mut found = Vec::new();
    walk(&document, &mut found);
    assert!(found.len() > 20);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}
