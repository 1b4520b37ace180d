package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// client5 is paho.golang.
type client5 struct {
	address string
	trust   *tls.Config
	paho    *paho.Client
}

func (c *client5) connect(w words) (bool, error) {
	connection, err := c.dial()
	if err != nil {
		return false, err
	}
	c.paho = paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(connection),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){
			func(received paho.PublishReceived) (bool, error) {
				say("%s", message(received.Packet))
				return true, nil
			},
		},
	})
	expiry := uint32(0)
	if w.is("durable") {
		expiry = 3600
	}
	packet := &paho.Connect{
		ClientID:     w.get("id"),
		Username:     w.get("user"),
		UsernameFlag: w.get("user") != "",
		Password:     []byte(w.get("password")),
		PasswordFlag: w.get("password") != "",
		CleanStart:   !w.is("durable"),
		KeepAlive:    30,
		Properties:   &paho.ConnectProperties{SessionExpiryInterval: &expiry, RequestProblemInfo: true},
	}
	if topic := w.get("will-topic"); topic != "" {
		packet.WillMessage = &paho.WillMessage{Topic: topic, Payload: []byte(w.get("will-payload")), QoS: 1}
	}
	within, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	answer, err := c.paho.Connect(within, packet)
	if answer != nil && answer.ReasonCode >= 0x80 {
		return false, refused(answer.ReasonCode)
	}
	return answer != nil && answer.SessionPresent, err
}

func (c *client5) dial() (net.Conn, error) {
	if c.trust != nil {
		return tls.Dial("tcp", c.address, c.trust)
	}
	return net.Dial("tcp", c.address)
}

func (c *client5) subscribe(w words) error {
	within, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	answer, err := c.paho.Subscribe(within, &paho.Subscribe{
		Subscriptions: []paho.SubscribeOptions{{Topic: w.get("filter"), QoS: w.qos()}},
	})
	if answer != nil && answer.Reasons[0] >= 0x80 {
		return refused(answer.Reasons[0])
	}
	return err
}

func (c *client5) publish(w words) error {
	properties := &paho.PublishProperties{
		ContentType:   w.get("content-type"),
		ResponseTopic: w.get("response-topic"),
	}
	if data := w.get("correlation-data"); data != "" {
		properties.CorrelationData = []byte(data)
	}
	if expiry, err := strconv.ParseUint(w.get("expiry"), 10, 32); err == nil {
		seconds := uint32(expiry)
		properties.MessageExpiry = &seconds
	}
	for _, pair := range w.all("user-property") {
		name, value, _ := strings.Cut(pair, ":")
		properties.User.Add(name, value)
	}
	within, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	answer, err := c.paho.Publish(within, &paho.Publish{
		Topic:      w.get("topic"),
		QoS:        w.qos(),
		Retain:     w.is("retain"),
		Payload:    []byte(w.get("payload")),
		Properties: properties,
	})
	if answer != nil && answer.ReasonCode >= 0x80 {
		return refused(answer.ReasonCode)
	}
	return err
}

func (c *client5) disconnect() error {
	return c.paho.Disconnect(&paho.Disconnect{})
}

func message(m *paho.Publish) string {
	line := fmt.Sprintf("message topic=%s qos=%d retain=%d payload=%s",
		m.Topic, m.QoS, digit(m.Retain), m.Payload)
	add := func(name, value string) {
		if value != "" {
			line += " " + name + "=" + value
		}
	}
	add("content-type", m.Properties.ContentType)
	add("response-topic", m.Properties.ResponseTopic)
	add("correlation-data", string(m.Properties.CorrelationData))
	if expiry := m.Properties.MessageExpiry; expiry != nil {
		add("expiry", strconv.FormatUint(uint64(*expiry), 10))
	}
	for _, property := range m.Properties.User {
		add("user-property", property.Key+":"+property.Value)
	}
	return line
}
