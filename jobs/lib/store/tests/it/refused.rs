//! A real service that cannot create without overwriting is no store.

use store::{Store, StoreError};
use testkit::webdav::WebDav;

#[tokio::test]
async fn a_webdav_server_is_refused_before_it_is_asked() {
    let server = WebDav::new();
    let url = server.url("webdav", "store");
    for refused in [Store::open(&url).await, Store::open_to_read(&url)] {
        let error = refused.expect_err("WebDAV is no store");
        assert!(matches!(&error, StoreError::NoCreate { scheme, .. } if scheme == "webdav"), "{error:?}");
        let said = error.to_string();
        assert!(said.starts_with(&format!("{url} cannot be a store: webdav: has no way to create")), "{said}");
        assert!(said.contains("use a folder, s3://, azblob:// or gs:// as the store"), "{said}");
    }
    assert_eq!(server.requests(), [""; 0], "nothing was asked, nothing was written");
    assert_eq!(std::fs::read_dir(server.files()).unwrap().count(), 0);
}
