// Package config is the installation of the product, as kustomize renders it
// from this directory.
package config

import _ "embed"

//go:embed install.yaml
var install []byte

// Install is every object of the installation as YAML documents: the kinds, the
// roles and the manager.
func Install() []byte { return install }
