//! The data directory.

use openprod_core::WorkspaceId;
use openprod_storage::{DataDirectory, DirectoryError};

#[test]
fn second_engine_on_one_directory_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let first = DataDirectory::open(directory.path()).unwrap();
    let second = DataDirectory::open(directory.path());
    assert!(matches!(second, Err(DirectoryError::InUse { .. })), "{second:?}");
    drop(first);
    DataDirectory::open(directory.path()).unwrap();
}

#[test]
fn identity_is_made_once() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    let made = data.identity([5; 32]).unwrap().actor();
    assert_eq!(data.identity([6; 32]).unwrap().actor(), made);
}

#[test]
fn workspaces_are_listed_and_never_made_twice() {
    let directory = tempfile::tempdir().unwrap();
    let data = DataDirectory::open(directory.path()).unwrap();
    assert_eq!(data.workspaces().unwrap(), []);
    let (one, two) = (WorkspaceId::from_u128(2), WorkspaceId::from_u128(1));
    drop(data.create_workspace(one).unwrap());
    drop(data.create_workspace(two).unwrap());
    assert_eq!(data.workspaces().unwrap(), [two, one]);
    assert!(matches!(
        data.create_workspace(one),
        Err(DirectoryError::Present { .. })
    ));
    assert!(matches!(
        data.open_workspace(WorkspaceId::from_u128(3)),
        Err(DirectoryError::Missing { .. })
    ));
    data.open_workspace(one).unwrap();
}
