//! One suite of laws over every kind of store, and what only a failing store can show.

mod faults;
mod laws;
mod place;
mod refused;
mod tables;
mod wrapper;

/// Makes one test of each law for each kind of store.
macro_rules! conformance {
    ($($law:ident),+ $(,)?) => {
        conformance!(@kind memory, $($law),+);
        conformance!(@kind folder, $($law),+);
        conformance!(@kind s3, $($law),+);
        conformance!(@kind azure, $($law),+);
    };
    (@kind $kind:ident, $($law:ident),+) => {
        mod $kind {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $law() {
                    crate::laws::$law(&crate::place::Place::$kind(stringify!($law))).await;
                }
            )+
        }
    };
}

conformance!(
    blobs_are_created_once_and_read_back,
    racing_writers_of_the_same_bytes_all_succeed,
    racing_writers_of_different_bytes_have_one_winner,
    nothing_is_visible_before_the_manifest,
    the_same_run_with_another_result_is_an_alarm,
    damaged_objects_are_told,
    generations_are_numbered_and_chained_under_races,
    versions_are_numbered_and_found_again,
    the_first_split_of_a_broadcast_stays,
    checkpoints_come_back_in_order,
    large_files_become_blobs,
    a_store_that_creates_once_passes_the_probe,
);
