//! MQTT 3.1.1 with rumqttc.

use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, LastWill, MqttOptions,
    Outgoing, Packet, Publish, QoS, SubscribeReasonCode,
};
use tokio::sync::mpsc::{unbounded_channel, UnboundedReceiver, UnboundedSender};

use crate::{words::Words, Broker, Client, Outcome};

pub fn connect(broker: &Broker, words: &Words) -> (Client, UnboundedReceiver<Outcome>) {
    let mut options = MqttOptions::new(words.need("id"), &broker.host, broker.port);
    options
        .set_transport(broker.transport())
        .set_keep_alive(Duration::from_secs(30))
        .set_clean_session(!words.is("durable"))
        .set_max_packet_size(1 << 20, 1 << 20);
    if let (Some(user), Some(password)) = (words.get("user"), words.get("password")) {
        options.set_credentials(user, password);
    }
    if let Some(topic) = words.get("will-topic") {
        let payload = words.need("will-payload");
        options.set_last_will(LastWill::new(topic, payload, QoS::AtLeastOnce, false));
    }
    let (client, events) = AsyncClient::new(options, 10);
    let (tell, outcomes) = unbounded_channel();
    tokio::spawn(poll(events, tell));
    (Client::V311(client), outcomes)
}

pub async fn subscribe(client: &AsyncClient, words: &Words) -> Result<(), String> {
    let qos = rumqttc::qos(words.qos()).map_err(|e| e.to_string())?;
    client.subscribe(words.need("filter"), qos).await.map_err(|e| e.to_string())
}

pub async fn publish(client: &AsyncClient, words: &Words) -> Result<(), String> {
    let qos = rumqttc::qos(words.qos()).map_err(|e| e.to_string())?;
    let payload = words.need("payload").to_owned();
    client
        .publish(words.need("topic"), qos, words.is("retain"), payload)
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
            SubscribeReasonCode::Failure => Some(Outcome::Refused(0x80)),
        },
        Packet::PubAck(_) | Packet::PubComp(_) => done(),
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
            Outcome::Refused(4)
        }
        ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized) => Outcome::Refused(5),
        other => Outcome::Failed(other.to_string()),
    }
}

fn print(message: &Publish) {
    println!(
        "message topic={} qos={} retain={} payload={}",
        message.topic,
        message.qos as u8,
        u8::from(message.retain),
        String::from_utf8_lossy(&message.payload),
    );
}
