// Command interop is paho.mqtt.golang (3.1.1) or paho.golang (5.0), told what to do line by line:
// see script.md.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"
)

const deadline = 10 * time.Second

// words are the name=value words of a line.
type words []string

func (w words) all(name string) (values []string) {
	for _, word := range w {
		if value, ok := strings.CutPrefix(word, name+"="); ok {
			values = append(values, value)
		}
	}
	return values
}

func (w words) get(name string) string {
	for _, value := range w.all(name) {
		return value
	}
	return ""
}

func (w words) is(name string) bool { return w.get(name) == "1" }

func (w words) qos() byte { return w.get("qos")[0] - '0' }

// refused is the broker's no.
type refused int

func (r refused) Error() string { return fmt.Sprintf("code=%d", int(r)) }

// client is what both libraries are made to look like.
type client interface {
	connect(w words) (session bool, err error)
	subscribe(w words) error
	publish(w words) error
	disconnect() error
}

func say(format string, values ...any) {
	// In one piece: messages come on goroutines of their own.
	os.Stdout.WriteString(fmt.Sprintf(format, values...) + "\n")
}

func digit(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func run(c client, verb string, w words) (answer string, err error) {
	switch verb {
	case "connect":
		session, err := c.connect(w)
		return fmt.Sprintf("ok session=%d", digit(session)), err
	case "subscribe":
		return "ok", c.subscribe(w)
	case "publish":
		return "ok", c.publish(w)
	default:
		return "ok", c.disconnect()
	}
}

func main() {
	address := os.Args[1] + ":" + os.Args[2]
	var trust *tls.Config
	if len(os.Args) > 4 {
		authority, err := os.ReadFile(os.Args[4])
		if err != nil {
			panic(err)
		}
		trust = &tls.Config{RootCAs: x509.NewCertPool()}
		trust.RootCAs.AppendCertsFromPEM(authority)
	}
	var c client = &client311{address: address, trust: trust}
	if os.Args[3] == "5" {
		c = &client5{address: address, trust: trust}
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := strings.Split(lines.Text(), " ")
		answer, err := run(c, line[0], line[1:])
		switch no := err.(type) {
		case nil:
			say("%s", answer)
		case refused:
			say("refused %v", no)
		default:
			say("failed reason=%v", err)
		}
	}
}
