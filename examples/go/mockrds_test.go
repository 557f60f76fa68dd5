package nightly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"
)

// cloud is a project of its own on the mock server: no other test sees it, so tests may run in parallel.
type cloud struct {
	t        *testing.T
	url      string
	id       string
	token    string
	instance string
}

// newCloud makes a project. MOCKRDS_URL says where the server is: "mockrds run" sets it, and so does "mockrds env".
func newCloud(t *testing.T) *cloud {
	t.Helper()
	c := &cloud{t: t, url: os.Getenv("MOCKRDS_URL")}
	if c.url == "" {
		t.Fatal("run it as: mockrds run -- go test ./...")
	}
	var project struct{ ID, Token string }
	c.control(http.MethodPost, "projects", map[string]any{}, &project)
	c.id, c.token = project.ID, project.Token
	var state struct{ Instances []struct{ ID string } }
	c.control(http.MethodGet, "projects/"+c.id+"/state", nil, &state)
	c.instance = state.Instances[0].ID
	return c
}

func (c *cloud) client() *Client {
	return &Client{URL: c.url, Project: c.id, Token: c.token, Pause: time.Millisecond}
}

// arm lets something go wrong, in the words of a scenario file.
func (c *cloud) arm(fault map[string]any) {
	c.t.Helper()
	c.control(http.MethodPost, "projects/"+c.id+"/faults", fault, nil)
}

// advance moves the clock that backups are made by.
func (c *cloud) advance(by string) {
	c.t.Helper()
	c.control(http.MethodPost, "projects/"+c.id+"/clock/advance", map[string]any{"by": by}, nil)
}

// called fails the test unless the operation was called so often.
func (c *cloud) called(operation string, times int) {
	c.t.Helper()
	var verification struct {
		Verified bool
		Message  string
	}
	asked := map[string]any{"operation": operation, "times": times}
	c.control(http.MethodPost, "projects/"+c.id+"/journal/verify", asked, &verification)
	if !verification.Verified {
		c.t.Error(verification.Message)
	}
}

func (c *cloud) control(method, resource string, body, answer any) {
	c.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		c.t.Fatal(err)
	}
	request, err := http.NewRequest(method, fmt.Sprintf("%s/__mockrds/%s", c.url, resource), bytes.NewReader(text))
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Mockrds-Token", os.Getenv("MOCKRDS_CONTROL_TOKEN")) // only where other machines can reach it
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusBadRequest {
		c.t.Fatalf("%s %s: %s", method, resource, response.Status)
	}
	if answer != nil {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			c.t.Fatal(err)
		}
	}
}
