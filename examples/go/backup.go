// Package nightly makes backups of database instances: the code under test.
package nightly

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// Client speaks to API v3 of one project.
type Client struct {
	URL     string        // such as https://rds.eu-de.otc.t-systems.com
	Project string        // the project id
	Token   string        // what X-Auth-Token takes
	Pause   time.Duration // before a busy instance is asked again
}

// Backup is a backup as the API shows it.
type Backup struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

const attempts = 4

// Create asks for a backup, and asks again while another operation keeps the instance busy.
func (c *Client) Create(instance, name string) (Backup, error) {
	var made struct {
		Backup Backup `json:"backup"`
	}
	for attempt := 1; ; attempt++ {
		status, err := c.call(http.MethodPost, "/backups", map[string]string{"instance_id": instance, "name": name}, &made)
		switch {
		case err != nil:
			return Backup{}, err
		case status == http.StatusConflict && attempt < attempts:
			time.Sleep(c.Pause << (attempt - 1))
		case status != http.StatusOK:
			return Backup{}, fmt.Errorf("no backup after %d attempts: status %d", attempt, status)
		default:
			return made.Backup, nil
		}
	}
}

// Status returns how far a backup is: BUILDING, COMPLETED or FAILED.
func (c *Client) Status(instance, backup string) (string, error) {
	var list struct {
		Backups []Backup `json:"backups"`
	}
	query := url.Values{"instance_id": {instance}, "backup_id": {backup}}
	status, err := c.call(http.MethodGet, "/backups?"+query.Encode(), nil, &list)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK || len(list.Backups) != 1 {
		return "", fmt.Errorf("no backup %s: status %d", backup, status)
	}
	return list.Backups[0].Status, nil
}

func (c *Client) call(method, path string, body, answer any) (int, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequest(method, c.URL+"/v3/"+c.Project+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	request.Header.Set("X-Auth-Token", c.Token)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	return response.StatusCode, json.NewDecoder(response.Body).Decode(answer)
}
