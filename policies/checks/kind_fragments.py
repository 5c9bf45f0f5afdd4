"""The parts that several kinds have, in the notation of ``fields``; what is left out is left out on purpose."""

from __future__ import annotations

TOP = "apiVersion kind metadata=META status*"
FRAGMENTS = {
    "META": """
        name namespace generateName labels* annotations* finalizers ownerReferences* creationTimestamp uid generation
        resourceVersion managedFields* selfLink deletionTimestamp deletionGracePeriodSeconds
    """,
    "TEMPLATE": "metadata=META spec=POD",
    "POD": """
        activeDeadlineSeconds affinity* automountServiceAccountToken containers=CONTAINER dnsConfig* dnsPolicy
        enableServiceLinks ephemeralContainers=CONTAINER hostAliases{ip hostnames} hostIPC hostNetwork hostPID hostUsers
        hostname hostnameOverride imagePullSecrets{name} initContainers=CONTAINER nodeName nodeSelector* os{name}
        overhead* preemptionPolicy priority priorityClassName readinessGates{conditionType} resourceClaims*
        resources=RESOURCES restartPolicy runtimeClassName schedulerName schedulingGates{name}
        securityContext=POD_SECURITY serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
        terminationGracePeriodSeconds tolerations{effect key operator tolerationSeconds value}
        topologySpreadConstraints* volumes=VOLUME
    """,
    "CONTAINER": """
        name image imagePullPolicy command args workingDir env=ENV
        envFrom{prefix configMapRef{name optional} secretRef{name optional}}
        ports{name containerPort hostIP hostPort protocol} resources=RESOURCES resizePolicy{resourceName restartPolicy}
        restartPolicy restartPolicyRules* securityContext=SECURITY
        lifecycle{postStart=HANDLER preStop=HANDLER stopSignal}
        livenessProbe=PROBE readinessProbe=PROBE startupProbe=PROBE stdin stdinOnce tty targetContainerName
        terminationMessagePath terminationMessagePolicy volumeDevices{name devicePath}
        volumeMounts{name mountPath mountPropagation readOnly recursiveReadOnly subPath subPathExpr}
    """,
    "ENV": """
        name value valueFrom{
            secretKeyRef{name key optional} configMapKeyRef{name key optional} fieldRef{apiVersion fieldPath}
            resourceFieldRef{containerName divisor resource} fileKeyRef{key optional path volumeName}
        }
    """,
    "RESOURCES": "requests* limits* claims{name request}",
    "PROBE": """
        exec{command} httpGet=HTTP tcpSocket{host port} grpc{port service} failureThreshold initialDelaySeconds
        periodSeconds successThreshold timeoutSeconds terminationGracePeriodSeconds
    """,
    "HANDLER": "exec{command} httpGet=HTTP tcpSocket{host port} sleep{seconds}",
    "HTTP": "host path port scheme httpHeaders{name value}",
    "SECURITY": """
        allowPrivilegeEscalation appArmorProfile{type localhostProfile} capabilities{add drop} privileged procMount
        readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser seLinuxOptions{level role type user}
        seccompProfile{type localhostProfile} windowsOptions*
    """,
    "POD_SECURITY": """
        appArmorProfile{type localhostProfile} fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser
        seLinuxChangePolicy seLinuxOptions{level role type user} seccompProfile{type localhostProfile}
        supplementalGroups supplementalGroupsPolicy sysctls{name value} windowsOptions*
    """,
    "ITEMS": "key mode path",
    "VOLUME": """
        name emptyDir{medium sizeLimit} persistentVolumeClaim{claimName readOnly}
        configMap{name optional defaultMode items=ITEMS} secret{secretName optional defaultMode items=ITEMS}
        projected{defaultMode sources{
            configMap{name optional items=ITEMS} secret{name optional items=ITEMS}
            serviceAccountToken{audience expirationSeconds path} downwardAPI{items*}
            clusterTrustBundle{labelSelector* name optional path signerName}
            podCertificate{certificateChainPath credentialBundlePath keyPath keyType maxExpirationSeconds signerName}
        }}
        downwardAPI{defaultMode items*} csi{driver fsType nodePublishSecretRef{name} readOnly volumeAttributes*}
        ephemeral{volumeClaimTemplate{metadata=META spec=CLAIM}} image{reference pullPolicy}
    """,
    "CLAIM": """
        accessModes dataSource{apiGroup kind name} dataSourceRef{apiGroup kind name} resources=RESOURCES selector*
        storageClassName volumeAttributesClassName volumeMode volumeName
    """,
    "JOB": """
        template=TEMPLATE replicas activeDeadlineSeconds backoffLimit backoffLimitPerIndex maxFailedIndexes
        completionMode completions parallelism podFailurePolicy* podReplacementPolicy successPolicy* suspend
        ttlSecondsAfterFinished manualSelector selector* managedBy
    """,
    "LISTENER": """
        name hostname port protocol allowedRoutes{namespaces* kinds*}
        tls{mode certificateRefs{group kind name namespace} options*}
    """,
    "PARENT": "group kind namespace name sectionName port",
    "RULES": "apiGroups resources resourceNames verbs nonResourceURLs",
    "SUBJECTS": "apiGroup kind name namespace",
    "SECRET_KEY": "name key",
    "S3": """
        destinationPath endpointURL endpointCA=SECRET_KEY serverName wal* data* tags* historyTags*
        s3Credentials{
            accessKeyId=SECRET_KEY secretAccessKey=SECRET_KEY sessionToken=SECRET_KEY region=SECRET_KEY
            inheritFromIAMRole
        }
        azureCredentials{
            connectionString=SECRET_KEY storageAccount=SECRET_KEY storageKey=SECRET_KEY storageSasToken=SECRET_KEY
            inheritFromAzureAD useDefaultAzureCredentials
        }
        googleCredentials{applicationCredentials=SECRET_KEY gkeEnvironment}
    """,
    "SCRAPE": """
    port targetPort portNumber path scheme interval scrapeTimeout honorLabels honorTimestamps params* relabelings*
    metricRelabelings* followRedirects enableHttp2 tlsConfig* basicAuth{username=SECRET_KEY password=SECRET_KEY}
    bearerTokenSecret=SECRET_KEY authorization{type credentials=SECRET_KEY} filterRunning
    """,
    "EXTERNAL_SECRET": """
    refreshInterval refreshPolicy secretStoreRef{name kind}
    target{name creationPolicy deletionPolicy immutable
        template{type engineVersion mergePolicy metadata=META data* templateFrom*}}
    data{secretKey remoteRef{key property version conversionStrategy decodingStrategy metadataPolicy} sourceRef*}
    dataFrom*
    """,
}
