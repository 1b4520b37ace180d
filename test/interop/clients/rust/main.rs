//! rumqttc, told what to do line by line: see script.md.

mod v311;
mod v5;
mod words;

use std::{env, fs};

use rumqttc::Transport;
use tokio::io::{stdin, AsyncBufReadExt, BufReader};
use tokio::sync::mpsc::UnboundedReceiver;
use words::Words;

/// How a command came out.
pub enum Outcome {
    Done(String),
    Refused(u16),
    Failed(String),
}

/// Where the broker is, and whom to trust.
pub struct Broker {
    pub host: String,
    pub port: u16,
    pub authority: Option<Vec<u8>>,
}

impl Broker {
    pub fn transport(&self) -> Transport {
        match &self.authority {
            Some(authority) => Transport::tls(authority.clone(), None, None),
            None => Transport::Tcp,
        }
    }
}

pub enum Client {
    V311(rumqttc::AsyncClient),
    V5(rumqttc::v5::AsyncClient),
}

impl Client {
    async fn run(&self, verb: &str, words: &Words) -> Result<(), String> {
        match (self, verb) {
            (Client::V311(client), "subscribe") => v311::subscribe(client, words).await,
            (Client::V311(client), "publish") => v311::publish(client, words).await,
            (Client::V311(client), _) => client.disconnect().await.map_err(|e| e.to_string()),
            (Client::V5(client), "subscribe") => v5::subscribe(client, words).await,
            (Client::V5(client), "publish") => v5::publish(client, words).await,
            (Client::V5(client), _) => client.disconnect().await.map_err(|e| e.to_string()),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let args: Vec<String> = env::args().collect();
    let broker = Broker {
        host: args[1].clone(),
        port: args[2].parse().expect("a port"),
        authority: args.get(4).map(|file| fs::read(file).expect("the authority")),
    };
    let mut connection: Option<(Client, UnboundedReceiver<Outcome>)> = None;
    let mut lines = BufReader::new(stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let (verb, words) = Words::parse(&line);
        if verb == "connect" {
            connection = Some(match args[3].as_str() {
                "5" => v5::connect(&broker, &words),
                _ => v311::connect(&broker, &words),
            });
        }
        let (client, outcomes) = connection.as_mut().expect("connect comes first");
        if verb != "connect" {
            if let Err(reason) = client.run(verb, &words).await {
                println!("failed reason={reason}");
                continue;
            }
        }
        match outcomes.recv().await {
            Some(Outcome::Done(more)) => println!("ok{more}"),
            Some(Outcome::Refused(code)) => println!("refused code={code}"),
            Some(Outcome::Failed(reason)) => println!("failed reason={reason}"),
            None => println!("failed reason=the connection is gone"),
        }
    }
}
