// A bot that answers who speaks to it. Needs Go 1.22 or newer and nothing but its standard library.
//
//	botyard keys create gobot --preset bot --bot chat/helper      prints the line to paste: BOTYARD_URL, BOTYARD_KEY
//	go run ./examples/echo-go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"slices"
	"time"
)

type event struct {
	ID        string   `json:"id"`
	Type      string   `json:"type"`
	Addressed []string `json:"addressed"`
	Content   struct {
		Text string `json:"text"`
	} `json:"content"`
}

type page struct {
	Items  []event `json:"items"`
	Cursor string  `json:"cursor"`
}

type object map[string]any

// Longer than a long poll may take.
var client = http.Client{Timeout: 40 * time.Second}

// call sends body as JSON and reads the answer into into; either may be nil.
func call(method, path string, body, into any) error {
	sent := new(bytes.Buffer)
	if body != nil {
		if err := json.NewEncoder(sent).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequest(method, os.Getenv("BOTYARD_URL")+"/v1"+path, sent)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("BOTYARD_KEY"))
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s", method, path, answer) // a problem (RFC 9457): its `detail` says what and why
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	must(call("PUT", "/consumers/gobot", object{"start": "now", "bot": "chat/helper"}, nil)) // repeating it is harmless
	for {
		var seen page
		must(call("GET", "/consumers/gobot/events?waitMs=30000", nil, &seen))
		for _, e := range seen.Items {
			if e.Type == "message.created" && slices.Contains(e.Addressed, "helper") {
				must(call("POST", "/events/"+e.ID+"/reply", object{"text": "you said: " + e.Content.Text}, nil))
			}
		}
		must(call("POST", "/consumers/gobot/ack", object{"cursor": seen.Cursor}, nil))
	}
}
