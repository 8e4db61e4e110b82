//! The examples, run: each asserts what it shows.

#[path = "../../examples/banking_transfer.rs"]
mod banking_transfer;
#[path = "../../examples/order.rs"]
mod order;
#[path = "../../examples/saga.rs"]
mod saga;

#[test]
fn banking_transfer_keeps_the_money_together() {
    banking_transfer::main().unwrap();
}

#[test]
fn order_reserves_what_there_is_and_finds_its_prices() {
    order::main().unwrap();
}

#[test]
fn saga_takes_back_what_it_did() {
    saga::main().unwrap();
}
