//! A shop: stock that is reserved on a context query, prices that are found on the way, and orders whose states are types.
//!
//! ```sh
//! cargo run -p openprod-events --example order
//! ```

#![expect(clippy::print_stdout, reason = "it tells a story")]

use std::collections::BTreeMap;
use std::error::Error;
use std::marker::PhantomData;
use std::sync::Arc;

use openprod_events::command::{Command, CommandType, Decision, Envelope, Rejection, Violations};
use openprod_events::field::{Currency, Key, Kind, Money};
use openprod_events::{
    Actor, EventFilter, EventQuery, EventRecord, EventType, Executor, MemoryStore, PayloadPredicate,
    StreamId, SystemIdSource, domain_events,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

enum Product {}
impl Kind for Product {
    const NAME: &'static str = "product";
}

enum OrderKind {}
impl Kind for OrderKind {
    const NAME: &'static str = "order";
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Line {
    product: Key<Product>,
    quantity: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Priced {
    product: Key<Product>,
    price: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Placed {
    order: Key<OrderKind>,
    lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Confirmed {
    order: Key<OrderKind>,
    total: Money,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Shipped {
    order: Key<OrderKind>,
}

domain_events! {
    /// What happens in the shop.
    #[derive(Clone, Debug, PartialEq)]
    enum ShopEvent {
        /// A product has a price, from now on.
        Priced(Priced) = "product_priced" version 1,
        /// Goods came in.
        Received(Line) = "stock_received" version 1,
        /// Goods are kept for an order.
        Reserved(Line) = "stock_reserved" version 1,
        /// Somebody wants to buy.
        Placed(Placed) = "order_placed" version 1,
        /// The price is settled.
        Confirmed(Confirmed) = "order_confirmed" version 1,
        /// It is on its way.
        Shipped(Shipped) = "order_shipped" version 1,
    }
}

/// An order in a state: only a confirmed one has a total and can be shipped, and the compiler knows.
#[derive(Clone, Debug)]
struct Order<S> {
    key: Key<OrderKind>,
    lines: Vec<Line>,
    state: S,
}

#[derive(Clone, Debug)]
struct Draft;

#[derive(Clone, Debug)]
struct Settled {
    total: Money,
}

#[derive(Clone, Debug)]
struct Sent(PhantomData<Settled>);

impl Order<Draft> {
    fn confirm(self, total: Money) -> Order<Settled> {
        Order {
            key: self.key,
            lines: self.lines,
            state: Settled { total },
        }
    }
}

impl Order<Settled> {
    fn ship(self) -> Order<Sent> {
        Order {
            key: self.key,
            lines: self.lines,
            state: Sent(PhantomData),
        }
    }
}

/// An order as the events of its stream leave it, and the prices that were found.
#[derive(Clone, Debug, Default)]
struct Known {
    order: Stage,
    prices: BTreeMap<Key<Product>, Money>,
}

#[derive(Clone, Debug, Default)]
enum Stage {
    #[default]
    None,
    Placed(Order<Draft>),
    Confirmed(Order<Settled>),
    Shipped(Order<Sent>),
}

impl Known {
    fn fold(&mut self, event: &ShopEvent) {
        let stage = std::mem::take(&mut self.order);
        self.order = match (stage, event) {
            (Stage::None, ShopEvent::Placed(placed)) => Stage::Placed(Order {
                key: placed.order.clone(),
                lines: placed.lines.clone(),
                state: Draft,
            }),
            (Stage::Placed(order), ShopEvent::Confirmed(confirmed)) => {
                Stage::Confirmed(order.confirm(confirmed.total))
            }
            (Stage::Confirmed(order), ShopEvent::Shipped(_)) => Stage::Shipped(order.ship()),
            (stage, ShopEvent::Priced(priced)) => {
                self.prices.insert(priced.product.clone(), priced.price);
                stage
            }
            (stage, _) => stage,
        };
    }
}

#[derive(Serialize)]
struct SetPrice(Priced);

impl Command for SetPrice {
    const TYPE: CommandType = CommandType::new("set_price");
    type State = ();
    type Event = ShopEvent;
    type Answer = ();

    fn apply(&self, (): &mut (), _: &ShopEvent, _: &EventRecord) {}

    fn decide(&self, (): &()) -> Result<Decision<ShopEvent, ()>, Rejection> {
        Ok(Decision::new().record(self.0.product.stream(), ShopEvent::Priced(self.0.clone())))
    }
}

#[derive(Serialize)]
struct ReceiveStock(Line);

impl Command for ReceiveStock {
    const TYPE: CommandType = CommandType::new("receive_stock");
    type State = ();
    type Event = ShopEvent;
    type Answer = ();

    fn apply(&self, (): &mut (), _: &ShopEvent, _: &EventRecord) {}

    fn decide(&self, (): &()) -> Result<Decision<ShopEvent, ()>, Rejection> {
        Ok(Decision::new().record_unstreamed(ShopEvent::Received(self.0.clone())))
    }
}

/// Places an order, if there is enough of everything: decided on whatever was ever said about the stock of these
/// products, wherever it is recorded.
#[derive(Serialize)]
struct PlaceOrder {
    order: Key<OrderKind>,
    lines: Vec<Line>,
}

#[derive(Default)]
struct Stock {
    placed: bool,
    left: BTreeMap<Key<Product>, u32>,
}

impl Command for PlaceOrder {
    const TYPE: CommandType = CommandType::new("place_order");
    type State = Stock;
    type Event = ShopEvent;
    type Answer = ();

    fn validate(&self) -> Result<(), Violations> {
        let mut violations = Violations::none();
        violations.require(!self.lines.is_empty(), "lines", "are none");
        for (index, line) in self.lines.iter().enumerate() {
            violations.require(line.quantity > 0, format!("lines.{index}.quantity"), "is nothing");
        }
        violations.into_result()
    }

    fn streams(&self) -> Vec<StreamId> {
        vec![self.order.stream()]
    }

    fn context(&self) -> Option<EventQuery> {
        let types =
            ["stock_received", "stock_reserved"].map(|name| EventType::new(name).expect("well formed"));
        let of_product = |line: &Line| {
            PayloadPredicate::new(json!({ "product": line.product })).expect("a key is a payload")
        };
        Some(EventQuery::any_of([
            EventFilter::of_types(types).matching(self.lines.iter().map(of_product))
        ]))
    }

    fn apply(&self, stock: &mut Stock, event: &ShopEvent, _: &EventRecord) {
        match event {
            ShopEvent::Received(line) => {
                *stock.left.entry(line.product.clone()).or_default() += line.quantity
            }
            ShopEvent::Reserved(line) => {
                let left = stock.left.entry(line.product.clone()).or_default();
                *left = left.saturating_sub(line.quantity);
            }
            ShopEvent::Placed(_) => stock.placed = true,
            _ => {}
        }
    }

    fn decide(&self, stock: &Stock) -> Result<Decision<ShopEvent, ()>, Rejection> {
        if stock.placed {
            return Err(Rejection::invalid_state(
                format!("order {}", self.order),
                "is placed",
            ));
        }
        let mut decision = Decision::new();
        for line in &self.lines {
            let left = stock.left.get(&line.product).copied().unwrap_or(0);
            if left < line.quantity {
                let message = format!("{} of {} are left, and not {}", left, line.product, line.quantity);
                return Err(Rejection::rule("out_of_stock", message));
            }
            decision = decision.record_unstreamed(ShopEvent::Reserved(line.clone()));
        }
        let placed = Placed {
            order: self.order.clone(),
            lines: self.lines.clone(),
        };
        Ok(decision.record(self.order.stream(), ShopEvent::Placed(placed)))
    }
}

/// Settles the price of an order. Which products it is about is learned from its own events, so their streams are asked
/// for when these are read.
#[derive(Serialize)]
struct ConfirmOrder {
    order: Key<OrderKind>,
}

impl Command for ConfirmOrder {
    const TYPE: CommandType = CommandType::new("confirm_order");
    type State = Known;
    type Event = ShopEvent;
    type Answer = Money;

    fn streams(&self) -> Vec<StreamId> {
        vec![self.order.stream()]
    }

    fn more_streams(&self, known: &Known) -> Vec<StreamId> {
        match &known.order {
            Stage::Placed(order) => order.lines.iter().map(|line| line.product.stream()).collect(),
            _ => Vec::new(),
        }
    }

    fn apply(&self, known: &mut Known, event: &ShopEvent, _: &EventRecord) {
        known.fold(event);
    }

    fn decide(&self, known: &Known) -> Result<Decision<ShopEvent, Money>, Rejection> {
        let subject = format!("order {}", self.order);
        let order = match &known.order {
            Stage::None => return Err(Rejection::not_found(subject)),
            Stage::Placed(order) => order,
            _ => return Err(Rejection::invalid_state(subject, "is confirmed")),
        };
        let mut total = None;
        for line in &order.lines {
            let price = known.prices.get(&line.product);
            let price = price.ok_or_else(|| Rejection::not_found(format!("price of {}", line.product)))?;
            let wrong =
                |error: openprod_events::field::FieldError| Rejection::rule("total", error.to_string());
            let amount = price.times(line.quantity.into()).map_err(wrong)?;
            total = Some(match total {
                None => amount,
                Some(sum) => amount.plus(sum).map_err(wrong)?,
            });
        }
        let total = total.ok_or_else(|| Rejection::invalid_state(subject, "has no lines"))?;
        let settled = order.clone().confirm(total);
        let confirmed = Confirmed {
            order: settled.key,
            total: settled.state.total,
        };
        Ok(Decision::answering(total).record(self.order.stream(), ShopEvent::Confirmed(confirmed)))
    }
}

#[derive(Serialize)]
struct ShipOrder {
    order: Key<OrderKind>,
}

impl Command for ShipOrder {
    const TYPE: CommandType = CommandType::new("ship_order");
    type State = Known;
    type Event = ShopEvent;
    type Answer = ();

    fn streams(&self) -> Vec<StreamId> {
        vec![self.order.stream()]
    }

    fn apply(&self, known: &mut Known, event: &ShopEvent, _: &EventRecord) {
        known.fold(event);
    }

    fn decide(&self, known: &Known) -> Result<Decision<ShopEvent, ()>, Rejection> {
        let subject = format!("order {}", self.order);
        let order = match &known.order {
            Stage::None => return Err(Rejection::not_found(subject)),
            Stage::Placed(_) => return Err(Rejection::invalid_state(subject, "is not confirmed")),
            Stage::Shipped(sent) => {
                return Err(Rejection::invalid_state(
                    format!("order {}", sent.key),
                    "was shipped",
                ));
            }
            Stage::Confirmed(order) => order.clone().ship(),
        };
        let shipped = Shipped { order: order.key };
        Ok(Decision::new().record(self.order.stream(), ShopEvent::Shipped(shipped)))
    }
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let executor = Executor::new(Arc::new(MemoryStore::default()));
    let clerk = Actor::new("clerk")?;
    let envelope = || Envelope::minted(&SystemIdSource, clerk.clone());
    let chf = |units| Money::new(units, Currency::new("CHF")?);
    let [lamp, cable]: [Key<Product>; 2] = [Key::new("lamp")?, Key::new("cable")?];
    let line = |product: &Key<Product>, quantity| Line {
        product: product.clone(),
        quantity,
    };

    for (product, price, quantity) in [(&lamp, 25_000, 3), (&cable, 1_200, 10)] {
        let price = Priced {
            product: product.clone(),
            price: chf(price)?,
        };
        executor.execute(&SetPrice(price), &envelope())?;
        executor.execute(&ReceiveStock(line(product, quantity)), &envelope())?;
        println!("{quantity} of {product} came in");
    }

    // Six customers want two of three lamps, at the same moment.
    let placed: Vec<_> = std::thread::scope(|scope| {
        let customers: Vec<_> = (0..6)
            .map(|customer| {
                let order = Key::new(format!("o{customer}")).expect("well formed");
                let command = PlaceOrder {
                    order,
                    lines: vec![line(&lamp, 2), line(&cable, 1)],
                };
                let (executor, envelope) = (&executor, envelope());
                scope.spawn(move || executor.execute(&command, &envelope).map(|_| command.order))
            })
            .collect();
        customers
            .into_iter()
            .map(|customer| customer.join().expect("no customer panics"))
            .collect()
    });
    let (orders, refused): (Vec<_>, Vec<_>) = placed.into_iter().partition(Result::is_ok);
    assert_eq!((orders.len(), refused.len()), (1, 5));
    for error in refused.into_iter().filter_map(Result::err) {
        assert!(
            matches!(error.rejection(), Some(Rejection::BusinessRule { rule, .. }) if rule == "out_of_stock")
        );
    }
    println!("6 customers want 2 of 3 lamps: one gets them, and 5 are told that too few are left");

    let Some(Ok(order)) = orders.into_iter().next() else {
        return Err("nobody got the lamps".into());
    };
    let early = executor.execute(&ShipOrder { order: order.clone() }, &envelope());
    println!(
        "ship it before it is confirmed? {}",
        early.expect_err("it is not confirmed")
    );

    let confirmed = executor.execute(&ConfirmOrder { order: order.clone() }, &envelope())?;
    assert_eq!(confirmed.answer, chf(51_200)?);
    println!(
        "2 lamps and a cable, at the prices that were found on the way: {}",
        confirmed.answer
    );

    executor.execute(&ShipOrder { order: order.clone() }, &envelope())?;
    let twice = executor.execute(&ShipOrder { order }, &envelope());
    let twice = twice.expect_err("it was shipped");
    assert!(matches!(twice.rejection(), Some(Rejection::InvalidState { .. })));
    println!("ship it twice? {twice}");
    Ok(())
}
