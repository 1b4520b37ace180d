package main

import (
	"crypto/tls"
	"errors"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// client311 is paho.mqtt.golang.
type client311 struct {
	address string
	trust   *tls.Config
	paho    mqtt.Client
}

func (c *client311) connect(w words) (bool, error) {
	scheme := "tcp://"
	if c.trust != nil {
		scheme = "tls://"
	}
	options := mqtt.NewClientOptions().
		AddBroker(scheme + c.address).
		SetProtocolVersion(4).
		SetTLSConfig(c.trust).
		SetClientID(w.get("id")).
		SetUsername(w.get("user")).
		SetPassword(w.get("password")).
		SetCleanSession(!w.is("durable")).
		SetKeepAlive(30 * time.Second).
		SetAutoReconnect(false).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			say("message topic=%s qos=%d retain=%d payload=%s",
				m.Topic(), m.Qos(), digit(m.Retained()), m.Payload())
		})
	if topic := w.get("will-topic"); topic != "" {
		options.SetWill(topic, w.get("will-payload"), 1, false)
	}
	c.paho = mqtt.NewClient(options)
	token := c.paho.Connect().(*mqtt.ConnectToken)
	err := settled(token)
	if code := token.ReturnCode(); err != nil && code != 0 {
		return false, refused(code)
	}
	return token.SessionPresent(), err
}

func (c *client311) subscribe(w words) error {
	filter := w.get("filter")
	token := c.paho.Subscribe(filter, w.qos(), nil).(*mqtt.SubscribeToken)
	err := settled(token)
	if code := token.Result()[filter]; code >= 0x80 {
		return refused(code)
	}
	return err
}

func (c *client311) publish(w words) error {
	return settled(c.paho.Publish(w.get("topic"), w.qos(), w.is("retain"), w.get("payload")))
}

func (c *client311) disconnect() error {
	c.paho.Disconnect(250)
	return nil
}

func settled(token mqtt.Token) error {
	if !token.WaitTimeout(deadline) {
		return errors.New("no acknowledgement in time")
	}
	return token.Error()
}
