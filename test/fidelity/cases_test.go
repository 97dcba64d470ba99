// Package fidelity holds the proof that stations tell the truth: against
// queueing theory on a virtual clock, and live, through real processes, against
// the exact result for the same arrivals and service draws.
package fidelity

import (
	"encoding/json"
	"os"
	"testing"
)

// referenceSet is testdata/cases.json: closed results of queueing theory, each
// with its formula and source.
type referenceSet struct {
	Cases []referenceCase `json:"cases"`
}

type referenceCase struct {
	ID       string             `json:"id"`
	Model    string             `json:"model"`
	Inputs   inputs             `json:"inputs"`
	Expected map[string]float64 `json:"expected_full"`
	Formula  string             `json:"formula"`
	Source   string             `json:"source"`
	Tol      struct {
		// DESRel is the relative tolerance of a run on a virtual clock.
		DESRel float64 `json:"des_rel"`
	} `json:"tol"`
}

// inputs are the parameters of all families, in seconds and per second.
type inputs struct {
	Lam          float64         `json:"lam"`
	Mu           float64         `json:"mu"`
	C            int             `json:"c"`
	K            int             `json:"K"`
	Pool         int             `json:"pool"`
	QueueTimeout float64         `json:"queue_timeout"`
	LamTotal     float64         `json:"lam_total"`
	Replicas     int             `json:"replicas"`
	Rho          float64         `json:"rho"`
	Service      json.RawMessage `json:"service"`
	ES           float64         `json:"ES"`
	Read         float64         `json:"read"`
	Hit          float64         `json:"hit"`
	LBMu         float64         `json:"lb_mu"`
	APIMu        float64         `json:"api_mu"`
	APIC         int             `json:"api_c"`
	CacheMu      float64         `json:"cache_mu"`
	DBMu         float64         `json:"db_mu"`
	DBC          int             `json:"db_c"`
	PRetry       float64         `json:"p_retry"`
	Reads        float64         `json:"reads"`
	Writes       float64         `json:"writes"`
	N            int             `json:"N"`
	Z            float64         `json:"Z"`
	S            float64         `json:"S"`
	Workers      int             `json:"workers"`
	Entries      int             `json:"C"`
	Alpha        float64         `json:"alpha"`
	LamKey       float64         `json:"lam_key"`
	TTL          float64         `json:"ttl"`
}

func referenceCases(t *testing.T) []referenceCase {
	t.Helper()
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var set referenceSet
	if err := json.Unmarshal(data, &set); err != nil {
		t.Fatal(err)
	}
	return set.Cases
}
