//! A database opens again with all that was in it; one of a later program, or of another, does not. That of every earlier
//! schema is in `src/schema/steps_tests.rs`.

use crate::house::{House, newest, on_both_engines, words};
use vault::OpenError;

on_both_engines! {
    async fn a_database_that_was_closed_opens_again(mut house: House) {
        let [ada, bob] = house.friends(["ada", "bob"]).await;
        let conversation = house.group(&ada, &[&bob]).await;
        house.say(&ada, conversation, "kept").await;
        house.reopen();
        let kept = house.vault().own_messages(&ada.own, conversation, newest(9)).await.unwrap();
        assert_eq!(kept[0].content, Some(words("kept")));
    }

    async fn a_database_of_a_newer_program_is_left_alone(mut house: House) {
        let newest = house.numbers("select max(number) from schema_step").await[0];
        house.sql("insert into schema_step (number, name) values (99, 'from the future')").await;
        house.close();
        match house.open() {
            Err(OpenError::Newer { database: 99, program }) => assert_eq!(program, newest),
            other => panic!("{other:?}"),
        }
        house.sql("delete from schema_step where number = 99").await;
        house.reopen();
    }

    async fn a_database_of_another_branch_is_left_alone(mut house: House) {
        house.sql("update schema_step set name = 'another' where number = 1").await;
        house.close();
        assert!(matches!(house.open(), Err(OpenError::Foreign(_))));
    }
}
