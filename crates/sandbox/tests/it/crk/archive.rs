//! What the archive says about what was sent.

use sandbox::crk::{Command, Keep};
use serde_json::{Value, json};

use super::client::{HARDWARE, Till, calm};

#[tokio::test]
async fn gaps_duplicates_and_requests_are_told_apart() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    let send = async |jpk: Value| {
        let package = till.package(&jpk).await;
        assert_eq!(till.publish(&package).await, 201);
        package
    };
    send(till.receipts([1, 2])).await;
    let package = send(till.jpk(&json!([{"info": {"JPKID": 5, "typObiektu": 10}}]))).await;
    assert_eq!(till.publish(&package).await, 201);
    assert_eq!(sandbox.crk().archive(HARDWARE).gaps, [(3, 4)]);
    send(till.receipts([2])).await;
    let request = Command::Documents { from: 1, to: 5, shipment_type: "ALL".to_owned() };
    sandbox.crk().queue(HARDWARE, request).unwrap();
    send(till.receipts([1, 2, 5])).await;
    send(till.jpk(&json!([{"info": {"JPKID": 3, "typObiektu": 9}}]))).await;
    send(till.receipts([4])).await;
    send(till.jpk(&json!([]))).await;
    let archive = sandbox.crk().archive(HARDWARE);
    assert_eq!((archive.gaps, archive.declared_gaps), (vec![], vec![(3, 3)]));
    assert_eq!((archive.duplicates, archive.duplicated, archive.requested), (vec![2], 1, 3));
    assert_eq!((archive.received, archive.numbers, archive.highest), (9, 5, 5));
    assert_eq!((archive.packages, archive.resends, archive.empty_packages), (7, 1, 1));
    assert_eq!((archive.out_of_order, archive.short), (2, 2));
    assert_eq!(archive.kinds, [("info".to_owned(), 2), ("paragon".to_owned(), 7)].into());
    let order: Vec<u64> = archive.documents.iter().map(|one| one.jpk_id).collect();
    assert_eq!(order, [1, 2, 5, 2, 1, 2, 5, 3, 4]);
    assert_eq!(sandbox.unexpected(), []);
    till.tell("EFL", &json!({"reasonReadOnly": 0, "lastJPKId": 7})).await;
    assert_eq!(sandbox.crk().archive(HARDWARE).gaps, [(6, 7)], "the announced end counts");
}

#[tokio::test]
async fn documents_must_be_those_of_their_sender() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    for (name, value) in
        [("nrUnik", "TSA2601000003"), ("NIP", "1111111111"), ("nrEwid", "2026/000000009")]
    {
        let mut jpk = till.receipts([1]);
        jpk["JPK"]["podmiot1"][name] = json!(value);
        let package = till.package(&jpk).await;
        assert_eq!(till.publish(&package).await, 201);
        let what = format!("`podmiot1.{name}` is not that of the register");
        assert_eq!(sandbox.unexpected().last().unwrap().what, what);
    }
}

#[tokio::test]
async fn the_data_folder_holds_a_file_per_register() {
    let folder = tempfile::tempdir().unwrap();
    let builder = sandbox::Sandbox::builder().calm().without_sockets();
    let sandbox =
        builder.starting_at(super::client::start()).data(folder.path()).start().await.unwrap();
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    let package = till.package(&till.receipts([1, 3])).await;
    assert_eq!(till.publish(&package).await, 201);
    sandbox.shutdown().await.unwrap();
    let text =
        std::fs::read_to_string(folder.path().join(format!("crk-{HARDWARE}.jsonl"))).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!((&lines[0]["jpk_id"], &lines[0]["kind"]), (&json!(1), &json!("paragon")));
    assert_eq!(lines[1]["document"], json!({"JPKID": 3, "pamiecChr": 1}));
    assert_eq!(lines[1]["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(lines[2]["analysis"]["gaps"], json!([[2, 2]]));
    let others = std::fs::read_dir(folder.path()).unwrap();
    let others = others
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("crk-"));
    assert_eq!(others.count(), 1, "registers that sent nothing have no file");
}

#[tokio::test]
async fn counters_alone_keep_no_document() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    sandbox.crk().set_keep(Keep::Counters);
    for first in 0..5_u64 {
        let package = till.package(&till.receipts(first * 200 + 1..=first * 200 + 200)).await;
        assert_eq!(till.publish(&package).await, 201);
    }
    let archive = sandbox.crk().archive(HARDWARE);
    assert_eq!((archive.numbers, archive.highest, archive.gaps), (1000, 1000, vec![]));
    assert!(archive.documents.is_empty());
}
