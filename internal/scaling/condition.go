package scaling

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// costLimit bounds the work of one evaluation; the built-in conditions cost below 10.
const costLimit = 1000

// condition is a compiled CEL expression and the comparisons found in it.
type condition struct {
	source  string
	program cel.Program // nil is always true
	signals []string    // in order of appearance
	terms   []term
}

// term is a comparison of a signal with a number, the signal on the left.
type term struct {
	signal    string
	operator  string // >, >=, <, <=
	threshold float64
}

// holds reports whether the comparison is true of a value.
func (t term) holds(value float64) bool {
	switch t.operator {
	case ">":
		return value > t.threshold
	case ">=":
		return value >= t.threshold
	case "<":
		return value < t.threshold
	default:
		return value <= t.threshold
	}
}

// above reports whether large values make the comparison true.
func (t term) above() bool { return strings.HasPrefix(t.operator, ">") }

// newEnvironment declares the signals; every one is a double.
func newEnvironment(signals []string) (*cel.Env, error) {
	options := []cel.EnvOption{cel.CrossTypeNumericComparisons(true)}
	for _, name := range signals {
		options = append(options, cel.Variable(name, cel.DoubleType))
	}
	return cel.NewEnv(options...)
}

// compileCondition type-checks and plans an expression. Its error says what to write instead.
func compileCondition(env *cel.Env, source string) (condition, error) {
	if strings.TrimSpace(source) == "" {
		return condition{}, nil
	}
	checked, issues := env.Compile(source)
	if issues.Err() != nil {
		return condition{}, explain(env, source, issues)
	}
	if checked.OutputType() != cel.BoolType {
		return condition{}, fmt.Errorf("%q is a %s: write a comparison, such as cpu > 80", source, checked.OutputType())
	}
	program, err := env.Program(checked, cel.EvalOptions(cel.OptOptimize, cel.OptPartialEval), cel.CostLimit(costLimit))
	if err != nil {
		return condition{}, fmt.Errorf("planning %q: %w", source, err)
	}
	c := condition{source: source, program: program}
	c.collect(checked.NativeRep().Expr(), true)
	return c, nil
}

// explain puts the first issue into words and lists the signals if a name is unknown.
func explain(env *cel.Env, source string, issues *cel.Issues) error {
	message := issues.Errors()[0].Message
	switch {
	case strings.Contains(message, "undeclared reference"):
		return fmt.Errorf("%q: %s: use one of %s, or name a query of your own", source, message, strings.Join(names(env), ", "))
	case strings.Contains(message, "no matching overload"):
		return fmt.Errorf("%q: %s: signals are doubles, so write numbers in arithmetic with a point, such as 2.0", source, message)
	}
	return fmt.Errorf("%q: %s", source, message)
}

func names(env *cel.Env) []string {
	var all []string
	for _, v := range env.Variables() {
		if v.Type() == cel.DoubleType {
			all = append(all, v.Name())
		}
	}
	return all
}

// collect walks the expression for signals and comparisons; positive is false below a negation.
func (c *condition) collect(e ast.Expr, positive bool) {
	switch e.Kind() {
	case ast.IdentKind:
		c.addSignal(e.AsIdent())
	case ast.CallKind:
		call := e.AsCall()
		if t, ok := comparison(call); ok {
			if !positive {
				t.operator = negated(t.operator)
			}
			c.terms = append(c.terms, t)
		}
		for _, argument := range call.Args() {
			c.collect(argument, positive != (call.FunctionName() == operators.LogicalNot))
		}
	case ast.ListKind:
		for _, element := range e.AsList().Elements() {
			c.collect(element, positive)
		}
	case ast.ComprehensionKind:
		c.collect(e.AsComprehension().IterRange(), positive)
	}
}

func (c *condition) addSignal(name string) {
	if slices.Contains(c.signals, name) {
		return
	}
	c.signals = append(c.signals, name)
}

// comparison is the term of a call such as cpu > 80 or 80 < cpu.
func comparison(call ast.CallExpr) (term, bool) {
	operator := map[string]string{
		operators.Greater: ">", operators.GreaterEquals: ">=", operators.Less: "<", operators.LessEquals: "<=",
	}[call.FunctionName()]
	if operator == "" || len(call.Args()) != 2 {
		return term{}, false
	}
	left, right := call.Args()[0], call.Args()[1]
	if right.Kind() == ast.IdentKind {
		left, right, operator = right, left, flipped(operator)
	}
	number, ok := literal(right)
	if left.Kind() != ast.IdentKind || !ok {
		return term{}, false
	}
	return term{signal: left.AsIdent(), operator: operator, threshold: number}, true
}

func flipped(operator string) string {
	return map[string]string{">": "<", ">=": "<=", "<": ">", "<=": ">="}[operator]
}

func negated(operator string) string {
	return map[string]string{">": "<=", ">=": "<", "<": ">=", "<=": ">"}[operator]
}

func literal(e ast.Expr) (float64, bool) {
	if e.Kind() != ast.LiteralKind {
		return 0, false
	}
	number := e.AsLiteral().ConvertToType(types.DoubleType)
	double, ok := number.(types.Double)
	return float64(double), ok
}

// values are signals by name; NaN is unknown.
type values map[string]float64

// ResolveName makes values an activation: a name without a value is an unknown.
func (v values) ResolveName(name string) (any, bool) {
	value, declared := v[name]
	if !declared || math.IsNaN(value) {
		return types.NewUnknown(1, types.NewAttributeTrail(name)), true
	}
	return types.Double(value), true
}

// evaluate is the truth of the condition and, if it is Unknown by an error, the error's words.
func (c condition) evaluate(v values) (Truth, string) {
	if c.program == nil {
		return True, ""
	}
	result, _, err := c.program.Eval(activation{v})
	if err != nil {
		return Unknown, err.Error()
	}
	return truthOf(result), ""
}

func truthOf(result ref.Val) Truth {
	switch result {
	case types.True:
		return True
	case types.False:
		return False
	}
	return Unknown
}

// activation resolves names for CEL.
type activation struct{ values }

// Parent is nil: there are no other names.
func (activation) Parent() cel.Activation { return nil }
