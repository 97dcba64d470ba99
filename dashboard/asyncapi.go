package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"flashcrowd.io/flashcrowd/internal/wire"
)

// frame is one message of a feed.
type frame struct {
	name    string
	value   any
	summary string
}

// sequencedFrames are what the server says with the subprotocol.
func sequencedFrames() []frame {
	return []frame{
		{"hello", wire.FeedHello{}, "greets a client, which answers with resume"},
		{"gap", wire.FeedGap{}, "says which messages this client will never get; a snapshot follows"},
		{"snapshot", wire.FeedSnapshot{}, "is everything about a run at one seq"},
		{"tick", wire.FeedTick{}, "is what was measured lately, by columns; a slow client gets the newest only"},
		{"topo", wire.FeedTopo{}, "tells a change of the architecture"},
		{"decision", wire.FeedDecision{}, "tells a new stage of a decision"},
		{"alert", wire.FeedAlert{}, "tells an alert, or that it cleared"},
		{"finding", wire.FeedFinding{}, "tells advice that changes nothing by itself"},
		{"control", wire.FeedControl{}, "tells that people changed the run"},
		{"phase", wire.FeedPhase{}, "tells how far a run has come, and whether the dashboard can see"},
		{"bye", wire.FeedBye{}, "is the last message"},
	}
}

// plainFrames are what the server says without a subprotocol.
func plainFrames() []frame {
	return []frame{
		{"metrics_update", wire.PlainMetricsUpdate{}, "is what one instance did lately"},
		{"auto_scale", wire.PlainScaling{}, "tells that an instance appeared or went"},
		{"plain_alert", wire.PlainAlarm{}, "tells an alert"},
	}
}

// clientFrames are what a client says.
func clientFrames() []frame {
	return []frame{
		{"resume", wire.FeedResume{}, "says what the client holds already; its first message"},
		{"sub", wire.FeedSubscribe{}, "changes which measurements the client gets"},
	}
}

// asyncAPI describes the feeds, from the types that they are written with.
func asyncAPI(version string) map[string]any {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	messages, channel := map[string]any{}, map[string]any{}
	operation := func(action string, frames []frame) map[string]any {
		refs := make([]map[string]string, 0, len(frames))
		for _, f := range frames {
			schema := registry.Schema(reflect.TypeOf(f.value), true, f.name)
			messages[f.name] = map[string]any{"name": f.name, "summary": f.summary, "contentType": "application/json", "payload": schema}
			channel[f.name] = map[string]string{"$ref": "#/components/messages/" + f.name}
			refs = append(refs, map[string]string{"$ref": "#/channels/run/messages/" + f.name})
		}
		return map[string]any{"action": action, "channel": map[string]string{"$ref": "#/channels/run"}, "messages": refs}
	}
	operations := map[string]any{
		"sequenced": operation("send", sequencedFrames()), "plain": operation("send", plainFrames()), "client": operation("receive", clientFrames()),
	}
	admitNull(registry)
	return map[string]any{
		"asyncapi": "3.0.0",
		"info": map[string]string{
			"title": "Flashcrowd feeds", "version": version,
			"description": "With the subprotocol " + wire.FeedSubprotocol + " the sequenced messages, without one the plain messages and nothing else.",
		},
		"channels": map[string]any{"run": map[string]any{
			"address": wire.FeedPath, "messages": channel,
			"bindings": map[string]any{"ws": map[string]any{"method": http.MethodGet, "query": map[string]any{
				"type": "object", "required": []string{"simulationId"},
				"properties": map[string]any{"simulationId": map[string]string{"type": "string", "description": "the run: its UID, or namespace/name"}},
			}}},
		}},
		"operations": operations,
		"components": map[string]any{"messages": messages, "schemas": registry.Map()},
	}
}

// admitNull lets fields be null that point to an object or list and are always
// written: huma describes them as if they could not be.
func admitNull(registry huma.Registry) {
	for name, schema := range registry.Map() {
		for field := range fieldsOf(registry.TypeFromRef("#/components/schemas/" + name)) {
			if property := schema.Properties[field]; property != nil && property.Ref != "" {
				schema.Properties[field] = &huma.Schema{OneOf: []*huma.Schema{property, {Type: "null"}}}
			}
		}
	}
}

// fieldsOf are the JSON names of a type's pointers to objects that are always written.
func fieldsOf(t reflect.Type) map[string]bool {
	names := map[string]bool{}
	if t == nil || t.Kind() != reflect.Struct {
		return names
	}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Type.Kind() == reflect.Pointer && f.Type.Elem().Kind() == reflect.Struct && !strings.Contains(options, "omit") {
			names[name] = true
		}
	}
	return names
}

// asyncAPIHandler serves the document.
func asyncAPIHandler(version string) (http.Handler, error) {
	document, err := json.MarshalIndent(asyncAPI(version), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the AsyncAPI document: %w", err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(document) // a client that left reads nothing
	}), nil
}
