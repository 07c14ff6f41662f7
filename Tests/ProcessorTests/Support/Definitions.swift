/// Workflows that the tests run.
enum Definitions {
    static let editorial = """
        name: editorial
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
          terse: {role: writer, model: test/m}
          third: {role: writer, model: test/m}
          copy: {role: editor, model: test/m}
          ada: {role: evaluator, model: test/m}
          bob: {role: evaluator, model: test/m}
        phases:
          - {id: write, kind: write, agents: [warm, terse, third], prompt: "Write on {{topic}}.", retry: {initial: 1ms, max: 2ms}}
          - {id: edit, kind: edit, agents: [copy], max_cycles: 3, retry: {initial: 1ms, max: 2ms}}
          - {id: judge, kind: evaluate, stage: initial, agents: [ada, bob], criteria: [{id: clarity, weight: 2}, {id: hook}], retry: {initial: 1ms, max: 2ms}}
          - {id: finalists, kind: select, top: 2}
          - {id: rank, kind: rank, agents: [ada, bob], points: [100, 60], retry: {initial: 1ms, max: 2ms}}
        """

    static let approval = """
        name: approval
        version: 1.0.0
        agents:
          warm: {role: writer, model: test/m}
        phases:
          - {id: write, kind: write, agents: [warm], prompt: "Write on {{topic}}."}
          - {id: approve, kind: signal, name: approved}
        """
}
