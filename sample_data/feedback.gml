graph [
  directed 1
  mixcli_provenance "[{&#34;op&#34;:&#34;generate&#34;,&#34;spec&#34;:&#34;sample_data/make.py&#34;}]"
  node [
    id 0
    label "0"
  ]
  node [
    id 1
    label "1"
  ]
  node [
    id 2
    label "2"
  ]
  node [
    id 3
    label "3"
  ]
  node [
    id 4
    label "4"
  ]
  edge [
    source 0
    target 1
  ]
  edge [
    source 1
    target 2
  ]
  edge [
    source 2
    target 3
  ]
  edge [
    source 3
    target 1
  ]
  edge [
    source 3
    target 4
  ]
]
