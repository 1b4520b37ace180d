//! MQTT 5.0 with rumqttc.

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode, LastWill, Packet, PubAckReason, PubRecReason, Publish, PublishProperties,
    SubscribeReasonCode,
};
use rumqttc::v5::mqttbytes::{qos, QoS};
use rumqttc::v5::{AsyncClient, ConnectionError, Event, EventLoop, MqttOptions};
use rumqttc::Outgoing;
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

use crate::{words::Words, Broker, Client, Outcome};

const NOT_AUTHORIZED: u16 = 0x87;

pub fn connect(broker: &Broker, words: &Words) -> (Client, UnboundedReceiver<Outcome>) {
    let mut options = MqttOptions::new(words.need("id"), &broker.host, broker.port);
    options
        .set_transport(broker.transport())
        .set_keep_alive(Duration::from_secs(30))
        .set_clean_start(!words.is("durable"))
        .set_session_expiry_interval(Some(if words.is("durable") { 3600 } else { 0 }))
        .set_max_packet_size(Some(1 << 20));
    if let (Some(user), Some(password)) = (words.get("user"), words.get("password")) {
        options.set_credentials(user, password);
    }
    if let Some(topic) = words.get("will-topic") {
        let payload = words.need("will-payload");
        options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, false, None));
    }
    let (client, events) = AsyncClient::new(options, 10);
    let (tell, outcomes) = unbounded_channel();
    tokio::spawn(poll(events, tell));
    (Client::V5(client), outcomes)
}

pub async fn subscribe(client: &AsyncClient, words: &Words) -> Result<(), String> {
    let qos = qos(words.qos()).ok_or("a QoS")?;
    client.subscribe(words.need("filter"), qos).await.map_err(|e| e.to_string())
}

pub async fn publish(client: &AsyncClient, words: &Words) -> Result<(), String> {
    let qos = qos(words.qos()).ok_or("a QoS")?;
    let properties = PublishProperties {
        content_type: words.get("content-type").map(str::to_owned),
        response_topic: words.get("response-topic").map(str::to_owned),
        correlation_data: words.get("correlation-data").map(|data| data.to_owned().into()),
        message_expiry_interval: words.get("expiry").map(|seconds| seconds.parse().expect("seconds")),
        user_properties: words
            .all("user-property")
            .filter_map(|pair| pair.split_once(':'))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        ..Default::default()
    };
    let payload = words.need("payload").to_owned();
    client
        .publish_with_properties(words.need("topic"), qos, words.is("retain"), payload, properties)
        .await
        .map_err(|e| e.to_string())
}

async fn poll(mut events: EventLoop, tell: UnboundedSender<Outcome>) {
    loop {
        let outcome = match events.poll().await {
            Ok(Event::Incoming(packet)) => incoming(packet),
            Ok(Event::Outgoing(Outgoing::Publish(0) | Outgoing::Disconnect)) => done(),
            Ok(Event::Outgoing(_)) => None,
            Err(error) => {
                let _ = tell.send(refusal(error));
                return;
            }
        };
        if let Some(outcome) = outcome {
            let _ = tell.send(outcome);
        }
    }
}

fn incoming(packet: Packet) -> Option<Outcome> {
    match packet {
        Packet::ConnAck(answer) => {
            Some(Outcome::Done(format!(" session={}", u8::from(answer.session_present))))
        }
        Packet::SubAck(answer) => match answer.return_codes[0] {
            SubscribeReasonCode::Success(_) => done(),
            SubscribeReasonCode::NotAuthorized => Some(Outcome::Refused(NOT_AUTHORIZED)),
            other => Some(Outcome::Failed(format!("{other:?}"))),
        },
        Packet::PubAck(answer) => match answer.reason {
            PubAckReason::Success | PubAckReason::NoMatchingSubscribers => done(),
            PubAckReason::NotAuthorized => Some(Outcome::Refused(NOT_AUTHORIZED)),
            other => Some(Outcome::Failed(format!("{other:?}"))),
        },
        Packet::PubRec(answer) => match answer.reason {
            PubRecReason::NotAuthorized => Some(Outcome::Refused(NOT_AUTHORIZED)),
            _ => None,
        },
        Packet::PubComp(_) => done(),
        Packet::Publish(message) => {
            print(&message);
            None
        }
        _ => None,
    }
}

fn done() -> Option<Outcome> {
    Some(Outcome::Done(String::new()))
}

fn refusal(error: ConnectionError) -> Outcome {
    match error {
        ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword) => {
            Outcome::Refused(0x86)
        }
        ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized) => {
            Outcome::Refused(NOT_AUTHORIZED)
        }
        other => Outcome::Failed(other.to_string()),
    }
}

fn print(message: &Publish) {
    let mut line = format!(
        "message topic={} qos={} retain={} payload={}",
        String::from_utf8_lossy(&message.topic),
        message.qos as u8,
        u8::from(message.retain),
        String::from_utf8_lossy(&message.payload),
    );
    let mut add = |name: &str, value: &str| line.push_str(&format!(" {name}={value}"));
    let properties = message.properties.clone().unwrap_or_default();
    if let Some(value) = properties.content_type {
        add("content-type", &value);
    }
    if let Some(value) = properties.response_topic {
        add("response-topic", &value);
    }
    if let Some(value) = properties.correlation_data {
        add("correlation-data", &String::from_utf8_lossy(&value));
    }
    if let Some(seconds) = properties.message_expiry_interval {
        add("expiry", &seconds.to_string());
    }
    for (name, value) in properties.user_properties {
        add("user-property", &format!("{name}:{value}"));
    }
    println!("{line}");
}
