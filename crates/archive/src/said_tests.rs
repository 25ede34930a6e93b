//! The report's one line, and its sums.

use super::{Remark, Said};

#[test]
fn says_one_and_many() {
    let mut said = Said { kept: 1, ..Said::default() };
    assert_eq!(said.to_string(), "1 message kept");
    said.note(Remark::Photo);
    said.note(Remark::Unsent);
    said.note(Remark::Photo);
    assert_eq!(
        said.to_string(),
        "1 message kept; 1 message left out: taken back by the sender; 2 photos named, not kept"
    );
    assert_eq!(said.left_out(), 1);
}

#[test]
fn adds_up() {
    let mut sum = Said::default();
    for _ in 0..3 {
        let mut said = Said { kept: 2, ..Said::default() };
        said.note(Remark::Repeated);
        sum.add(&said);
    }
    assert_eq!((sum.kept, sum.count(Remark::Repeated), sum.left_out()), (6, 3, 3));
}

#[test]
fn all_is_all_and_in_order() {
    assert!(Remark::ALL.is_sorted());
    assert_eq!(Remark::ALL.last(), Some(&Remark::Nameless));
    assert_eq!(Remark::ALL.len(), Remark::Nameless as usize + 1);
}
