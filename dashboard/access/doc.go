// Package access says who calls the dashboard and what they may do. Kubernetes
// knows both: a bearer token is reviewed, and every read and command is asked
// about as a SubjectAccessReview. A browser holds a session instead of a token.
package access
