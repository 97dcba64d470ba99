package graph

import (
	"maps"
	"slices"
)

// Clone is a copy that shares nothing with the architecture.
func (a Architecture) Clone() Architecture {
	a.Components = slices.Clone(a.Components)
	for i := range a.Components {
		a.Components[i] = cloneComponent(a.Components[i])
	}
	a.Connections = slices.Clone(a.Connections)
	for i := range a.Connections {
		a.Connections[i].Classes = slices.Clone(a.Connections[i].Classes)
	}
	return a
}

func cloneComponent(c Component) Component {
	c.Capacity.ByClass = maps.Clone(c.Capacity.ByClass)
	c.Capacity.QueueLimit = clonePointer(c.Capacity.QueueLimit)
	c.WarmUp = clonePointer(c.WarmUp)
	c.LoadBalancer = clonePointer(c.LoadBalancer)
	c.Database = clonePointer(c.Database)
	c.Cache = clonePointer(c.Cache)
	c.Queue = clonePointer(c.Queue)
	c.Worker = clonePointer(c.Worker)
	c.CDN = clonePointer(c.CDN)
	if c.CDN != nil {
		c.CDN.Regions = slices.Clone(c.CDN.Regions)
	}
	c.Position = clonePointer(c.Position)
	return c
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	value := *p
	return &value
}
