//! Where something is set at the customer's, in the words of their product's console: of all products, or of none.

use std::collections::BTreeMap;
use std::path::Path;

/// The products that have a preset of their own, as pages call them.
const PRODUCTS: [&str; 4] = ["PingFederate", "Okta", "Entra", "Google"];
/// Whoever has another product finds the place there.
const GUIDE: &str = "stoa connection guide";

/// The pages of a folder, by name.
fn pages(folder: &str) -> BTreeMap<String, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/runbook").join(folder);
    let files = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    files
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// The products that a page names where it says what to do.
fn named(page: &str) -> Vec<&'static str> {
    let mitigation = page.split("## Mitigation").nth(1).unwrap_or_default();
    PRODUCTS.into_iter().filter(|product| mitigation.contains(product)).collect()
}

/// A page that compares products and leaves one out sends its administrators away. A page that names one of them shows
/// what is peculiar to it.
#[test]
fn a_page_that_names_several_products_names_them_all_or_the_guide() {
    let (mut several, mut unfinished) = (0, Vec::new());
    for folder in ["faults", "alarms", "."] {
        for (page, text) in pages(folder) {
            let named = named(&text);
            several += usize::from(named.len() > 1);
            // What single SCIM clients are known to do, and most products have none.
            let is_of_clients = page.starts_with("scim_");
            if (2..PRODUCTS.len()).contains(&named.len()) && !text.contains(GUIDE) && !is_of_clients {
                unfinished.push(format!("{folder}/{page} names {}", named.join(", ")));
            }
        }
    }
    assert!(unfinished.is_empty(), "add the others, or `{GUIDE} ID`:\n{}", unfinished.join("\n"));
    assert!(several > 10, "{several}: the pages are looked for in the wrong place");
}

#[test]
fn a_page_that_leaves_one_out_is_found() {
    assert_eq!(named("PingFederate\n## Mitigation\n\nOkta: *General*. Entra: *Overview*.\n"), ["Okta", "Entra"]);
    assert_eq!(named("## Mitigation\n\nNothing to do.\n"), [""; 0]);
}
